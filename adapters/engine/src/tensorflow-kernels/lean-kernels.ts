/**
 * Published kernels of tfjs-node, with less around TensorFlow's op: no attributes that TensorFlow finds out itself, no
 * tensor for an axis or a shape that was there before, no check of ids that TensorFlow makes again. On small tensors
 * that is most of a call's time.
 */
import * as tf from '@tensorflow/tfjs-core';
import { type NativeBackend, type OpAttribute, constantOf, noAttributes, runOp } from './native-backend.js';

interface Call<Attributes> {
  readonly inputs: Readonly<Record<string, tf.TensorInfo>>;
  readonly attrs: Attributes;
  readonly backend: NativeBackend;
}

type Correction = (published: tf.KernelConfig) => tf.KernelConfig;

/** For float32 inputs `run`, for others what was published. */
function lean<Attributes>(run: (call: Call<Attributes>) => tf.Tensor): Correction {
  return (published) => ({
    ...published,
    kernelFunc: (given) => {
      for (const name in given.inputs)
        if ((given.inputs[name] as tf.TensorInfo).dtype !== 'float32') return published.kernelFunc(given);
      return run(given as unknown as Call<Attributes>);
    },
  });
}

const unary = (op: string): Correction => lean(({ inputs: { x }, backend }) => runOp(backend, op, [x]));

const binary = (op: string): Correction =>
  lean(({ inputs: { a, b }, backend }) => runOp(backend, op, [a, b]));

interface ReductionAttributes {
  readonly axis: number | number[] | undefined;
  readonly keepDims?: boolean;
}

let keeping: readonly OpAttribute[] | undefined;

const reduction = (op: string): Correction =>
  lean<ReductionAttributes & { readonly reductionIndices?: number | number[] }>(
    ({ inputs: { x }, attrs, backend }) => {
      const axes = tf.util.parseAxisParam(
        attrs.axis ?? attrs.reductionIndices ?? (undefined as never),
        x.shape,
      );
      keeping ??= [{ name: 'keep_dims', type: backend.binding.TF_ATTR_BOOL, value: true }];
      const attributes = attrs.keepDims ? keeping : noAttributes;
      return runOp(backend, op, [x], attributes, constantOf(backend, axes));
    },
  );

const reshape = lean<{ shape: number[] }>(({ inputs: { x }, attrs, backend }) =>
  runOp(backend, 'Reshape', [x], noAttributes, constantOf(backend, attrs.shape)),
);

const transpose = lean<{ perm: number[] }>(({ inputs: { x }, attrs, backend }) =>
  runOp(backend, 'Transpose', [x], noAttributes, constantOf(backend, attrs.perm)),
);

const matMulAttributes = new Map<number, readonly OpAttribute[]>();

const batchMatMul = lean<{ transposeA: boolean; transposeB: boolean }>(
  ({ inputs: { a, b }, attrs: { transposeA, transposeB }, backend }) => {
    const key = (transposeA ? 1 : 0) + (transposeB ? 2 : 0);
    let attributes = matMulAttributes.get(key);
    if (!attributes) {
      const type = backend.binding.TF_ATTR_BOOL;
      attributes = [
        ...(transposeA ? [{ name: 'adj_x', type, value: true }] : []),
        ...(transposeB ? [{ name: 'adj_y', type, value: true }] : []),
      ];
      matMulAttributes.set(key, attributes);
    }
    return runOp(backend, 'BatchMatMulV2', [a, b], attributes);
  },
);

/** TensorFlow's own gather refuses ids outside the table. */
const gather: Correction = (published) => ({
  ...published,
  kernelFunc: (given) => {
    const { x, indices } = given.inputs as Record<string, tf.TensorInfo>;
    const { axis, batchDims } = given.attrs as unknown as { axis: number; batchDims: number };
    const backend = given.backend as NativeBackend;
    if (batchDims !== 0 || indices.dtype !== 'int32') return published.kernelFunc(given);
    return runOp(backend, 'GatherV2', [x, indices], noAttributes, constantOf(backend, axis));
  },
});

const unsortedSegmentSum: Correction = (published) => ({
  ...published,
  kernelFunc: ({ inputs, attrs, backend }) => {
    const { x, segmentIds } = inputs as Record<string, tf.TensorInfo>;
    const native = backend as NativeBackend;
    const count = constantOf(native, (attrs as unknown as { numSegments: number }).numSegments);
    return runOp(native, 'UnsortedSegmentSum', [x, segmentIds], noAttributes, count);
  },
});

/** Published kernels by name, each made from the one it replaces. */
export const leanKernels: Readonly<Record<string, Correction>> = {
  [tf.Add]: binary('AddV2'),
  [tf.Sub]: binary('Sub'),
  [tf.Multiply]: binary('Mul'),
  [tf.RealDiv]: binary('RealDiv'),
  [tf.Maximum]: binary('Maximum'),
  [tf.Relu]: unary('Relu'),
  [tf.Square]: unary('Square'),
  [tf.Sqrt]: unary('Sqrt'),
  [tf.Rsqrt]: unary('Rsqrt'),
  [tf.Exp]: unary('Exp'),
  [tf.Log]: unary('Log'),
  [tf.Erf]: unary('Erf'),
  [tf.Tanh]: unary('Tanh'),
  [tf.Sigmoid]: unary('Sigmoid'),
  [tf.Sum]: reduction('Sum'),
  [tf.Mean]: reduction('Mean'),
  [tf.Max]: reduction('Max'),
  [tf.Reshape]: reshape,
  [tf.Transpose]: transpose,
  [tf.BatchMatMul]: batchMatMul,
  [tf.GatherV2]: gather,
  [tf.UnsortedSegmentSum]: unsortedSegmentSum,
};
