import * as tf from '@tensorflow/tfjs-core';
import { CocoError } from '@coco-rec/core';
import { sizeOf, wasmKernel, type WasmKernelArguments } from './heap.js';

interface GatherInputs {
  readonly x: tf.TensorInfo;
  readonly indices: tf.TensorInfo;
}

interface GatherAttributes {
  readonly axis: number;
  readonly batchDims: number;
}

/**
 * In place of the published kernel (4.22), which reads the indices of every batch but the first from the wrong place, and
 * finds the place of each number anew where whole rows can be copied.
 * x [N…, O…, V, D…], indices [N…, K…] int32, axis that of V → [N…, O…, K…, D…]
 */
export const gather: tf.KernelConfig = wasmKernel(tf.GatherV2, gatherRows);

function gatherRows({
  inputs: { x, indices },
  attrs,
  backend,
}: WasmKernelArguments<GatherInputs, GatherAttributes>): tf.TensorInfo {
  const axis = tf.util.parseAxisParam(attrs.axis, x.shape)[0];
  const info = tf.backend_util.segment_util.collectGatherOpShapeInfo(
    x as tf.Tensor,
    indices as tf.Tensor,
    axis,
    attrs.batchDims,
  );
  const { batchSize, outerSize, dimSize, sliceSize } = info;
  const result = backend.makeOutput(info.outputShape, x.dtype);
  const output = backend.typedArrayFromHeap(result); // [batch, outer, K, slice]
  const rows = backend.typedArrayFromHeap(x); // [batch, outer, V, slice]
  const ids = backend.typedArrayFromHeap(indices); // [batch, K]
  const count = sizeOf(indices.shape) / batchSize;
  for (let block = 0, to = 0; block < batchSize * outerSize; block++) {
    const firstId = Math.floor(block / outerSize) * count;
    for (let k = 0; k < count; k++, to += sliceSize) {
      const id = ids[firstId + k];
      if (id < 0 || id >= dimSize) throw new CocoError(`gather: index ${id} is not in [0, ${dimSize - 1}].`);
      const from = (block * dimSize + id) * sliceSize;
      if (sliceSize === 1) output[to] = rows[from];
      else output.set(rows.subarray(from, from + sliceSize), to);
    }
  }
  return result;
}
