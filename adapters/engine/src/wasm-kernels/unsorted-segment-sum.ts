import * as tf from '@tensorflow/tfjs-core';
import { sizeOf, wasmKernel } from './heap.js';

/**
 * Sums rows by segment: the gradient of a gather. As on the CPU backend, ids outside [0, numSegments) are left out.
 * x [N…, D…], segmentIds [N…] int32 → [numSegments, D…]
 */
export const unsortedSegmentSum = wasmKernel<
  { x: tf.TensorInfo; segmentIds: tf.TensorInfo },
  { numSegments: number }
>(tf.UnsortedSegmentSum, ({ inputs: { x, segmentIds }, attrs: { numSegments }, backend }) => {
  const innerShape = x.shape.slice(segmentIds.shape.length);
  const result = backend.makeOutput([numSegments, ...innerShape], x.dtype);
  // Views are taken after the output was allocated: that may move the heap.
  const sums = backend.typedArrayFromHeap(result).fill(0); // [numSegments, D…]
  const values = backend.typedArrayFromHeap(x); // [N…, D…]
  const ids = backend.typedArrayFromHeap(segmentIds); // [N…]
  const width = sizeOf(innerShape);
  for (let row = 0, from = 0; row < ids.length; row++, from += width) {
    const id = ids[row];
    if (id < 0 || id >= numSegments) continue;
    const to = id * width;
    for (let i = 0; i < width; i++) sums[to + i] += values[from + i];
  }
  return result;
});
