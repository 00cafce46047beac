/**
 * tfjs's ops of the same names for float32 tensors, straight to the engine's kernel: for the inside of `customOp`, where
 * nothing is recorded and types and shapes are known to fit. Half of a small op's time is what tfjs does around the
 * kernel.
 */
import * as tf from '@tensorflow/tfjs-core';
import { engineKernel } from './engine-kernel.js';

type Inputs = Readonly<Record<string, tf.TensorInfo>> | readonly tf.TensorInfo[];

function runAll(name: string, inputs: Inputs, attributes: object): tf.Tensor[] {
  const kernel = tf.getKernel(name, tf.getBackend());
  const result = kernel.kernelFunc({
    inputs: inputs as tf.NamedTensorInfoMap,
    attrs: attributes as tf.NamedAttrMap,
    backend: tf.backend(),
  });
  return [result].flat().map(asTensor);
}

const noAttributes = {};

function run(name: string, inputs: Inputs, attributes: object = noAttributes): tf.Tensor {
  return runAll(name, inputs, attributes)[0];
}

function asTensor(info: tf.TensorInfo): tf.Tensor {
  return info instanceof tf.Tensor ? info : tf.engine().makeTensorFromTensorInfo(info);
}

export const add = (a: tf.Tensor, b: tf.Tensor): tf.Tensor => run(tf.Add, { a, b });
export const sub = (a: tf.Tensor, b: tf.Tensor): tf.Tensor => run(tf.Sub, { a, b });
export const mul = (a: tf.Tensor, b: tf.Tensor): tf.Tensor => run(tf.Multiply, { a, b });
export const div = (a: tf.Tensor, b: tf.Tensor): tf.Tensor => run(tf.RealDiv, { a, b });
export const square = (x: tf.Tensor): tf.Tensor => run(tf.Square, { x });
export const rsqrt = (x: tf.Tensor): tf.Tensor => run(tf.Rsqrt, { x });
export const exp = (x: tf.Tensor): tf.Tensor => run(tf.Exp, { x });
export const log = (x: tf.Tensor): tf.Tensor => run(tf.Log, { x });
export const relu = (x: tf.Tensor): tf.Tensor => run(tf.Relu, { x });
export const softmax = (logits: tf.Tensor): tf.Tensor =>
  run(tf.Softmax, { logits }, { dim: logits.rank - 1 });

export const sum = (x: tf.Tensor, axis: number, keepDims = false): tf.Tensor =>
  run(tf.Sum, { x }, { axis: [axis < 0 ? x.rank + axis : axis], keepDims });

/** Over the last axis, which stays with length 1. */
export const meanOfRows = (x: tf.Tensor): tf.Tensor =>
  run(tf.Mean, { x }, { axis: [x.rank - 1], keepDims: true });

/** Over the last axis, which stays with length 1. */
export const maxOfRows = (x: tf.Tensor): tf.Tensor =>
  run(tf.Max, { x }, { reductionIndices: [x.rank - 1], keepDims: true });

export const matMul = (a: tf.Tensor, b: tf.Tensor, transposeA = false, transposeB = false): tf.Tensor =>
  run(tf.BatchMatMul, { a, b }, { transposeA, transposeB });

export const reshape = (x: tf.Tensor, shape: readonly number[]): tf.Tensor =>
  run(tf.Reshape, { x }, { shape });
export const transpose = (x: tf.Tensor, perm: readonly number[]): tf.Tensor =>
  run(tf.Transpose, { x }, { perm });

/** Equal parts along the last axis. */
export const splitColumns = (x: tf.Tensor, parts: number): tf.Tensor[] =>
  runAll(tf.SplitV, { x }, { numOrSizeSplits: parts, axis: x.rank - 1 });

export const concatColumns = (parts: readonly tf.Tensor[]): tf.Tensor =>
  run(tf.Concat, parts, { axis: parts[0].rank - 1 });

/** Parts along a first axis of their own. */
export const stack = (parts: readonly tf.Tensor[]): tf.Tensor => run(tf.Pack, parts, { axis: 0 });

/** The parts along the first axis. */
export const unstack = (x: tf.Tensor): tf.Tensor[] => runAll(tf.Unpack, { value: x }, { axis: 0 });

/** Rows of a table. @param table [V, ...] @param ids [N] int32 @returns [N, ...] */
export const gather = (table: tf.Tensor, ids: tf.Tensor): tf.Tensor =>
  run(tf.GatherV2, { x: table, indices: ids }, { axis: 0, batchDims: 0 });

/** Rows added up by id. @param x [N, ...] @param ids [N] int32 @returns [count, ...] */
export const segmentSum = (x: tf.Tensor, ids: tf.Tensor, count: number): tf.Tensor =>
  run(tf.UnsortedSegmentSum, { x, segmentIds: ids }, { numSegments: count });

/** x with `value` at some places, counted along its rows. @param x any shape @returns x's shape */
export function fillPlaces(x: tf.Tensor, places: Int32Array, value: number): tf.Tensor {
  const indices = tf.tensor2d(places, [places.length, 1], 'int32');
  const updates = tf.fill([places.length], value);
  const flat = run(tf.TensorScatterUpdate, { tensor: reshape(x, [x.size]), indices, updates });
  return reshape(flat, x.shape);
}

/** A tensor of its own on the same values, as a gradient has to be. */
export const same = (x: tf.Tensor): tf.Tensor => run(tf.Identity, { x });

/** The kernels of x · factor and x + summand, where the engine has them: without a tensor for the number. */
export const scaleKernel = 'CocoScale';
export const shiftKernel = 'CocoShift';

export function scale(x: tf.Tensor, factor: number): tf.Tensor {
  const kernel = engineKernel(scaleKernel);
  return kernel ? asTensor(kernel({ x }, { number: factor }) as tf.TensorInfo) : mul(x, tf.scalar(factor));
}

export function shift(x: tf.Tensor, summand: number): tf.Tensor {
  const kernel = engineKernel(shiftKernel);
  return kernel ? asTensor(kernel({ x }, { number: summand }) as tf.TensorInfo) : add(x, tf.scalar(summand));
}

/** The kernel of `reluGradient`, where the engine has it. */
export const reluGradientKernel = 'CocoReluGradient';

/** @param dy gradient of relu's output @param y the output @returns the input's gradient */
export function reluGradient(dy: tf.Tensor, y: tf.Tensor): tf.Tensor {
  const kernel = engineKernel(reluGradientKernel);
  return kernel ? asTensor(kernel({ dy, y }) as tf.TensorInfo) : tf.mul(dy, tf.step(y));
}

/** The kernel of `halfSquares`, where the engine has it. */
export const halfSquaresKernel = 'CocoHalfSquares';

/** Half the sum of all squares. @returns a scalar */
export function halfSquares(x: tf.Tensor): tf.Scalar {
  const kernel = engineKernel(halfSquaresKernel);
  return kernel ? (asTensor(kernel({ x }) as tf.TensorInfo) as tf.Scalar) : tf.mul(tf.sum(tf.square(x)), 0.5);
}
