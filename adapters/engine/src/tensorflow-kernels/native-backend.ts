import type * as tf from '@tensorflow/tfjs-core';

/** An attribute of a TensorFlow op. Types that follow from the inputs, and defaults, can be left out. */
export interface OpAttribute {
  readonly name: string;
  readonly type: number;
  readonly value: unknown;
}

interface OutputMetadata {
  readonly id: number;
  readonly shape: number[];
  readonly dtype: number;
}

/** TensorFlow's eager ops, on numbers that stand for tensors. */
interface NativeBinding {
  readonly TF_FLOAT: number;
  readonly TF_INT32: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_STRING: number;
  readonly TF_ATTR_TYPE: number;
  readonly TF_ATTR_SHAPE: number;
  createTensor(shape: readonly number[], dtype: number, values: Float32Array | Int32Array): number;
  deleteTensor(id: number): void;
  executeOp(
    name: string,
    attributes: readonly OpAttribute[],
    inputs: readonly number[],
    outputs: number,
  ): OutputMetadata[];
}

/** The parts of tfjs-node's backend that kernels use. */
export interface NativeBackend extends tf.KernelBackend {
  readonly binding: NativeBinding;
  readonly tensorMap: { get(dataId: tf.DataId): { id: number; refCount: number } };
  getInputTensorIds(tensors: readonly tf.TensorInfo[]): number[];
  createOutputTensor(metadata: OutputMetadata): tf.Tensor;
}

export const noAttributes: readonly OpAttribute[] = [];

/** Runs an op with one output. @param constants ids that follow the inputs, from `constantOf` */
export function runOp(
  backend: NativeBackend,
  name: string,
  inputs: readonly tf.TensorInfo[],
  attributes = noAttributes,
  ...constants: number[]
): tf.Tensor {
  const ids = backend.getInputTensorIds(inputs);
  if (constants.length > 0) ids.push(...constants);
  return backend.createOutputTensor(backend.binding.executeOp(name, attributes, ids, 1)[0]);
}

const mostConstants = 1000;
const constants = new Map<string, number>();

/** The id of a small int32 tensor, such as a shape or axes, made once for equal values. @param values a number: a scalar */
export function constantOf(backend: NativeBackend, values: number | readonly number[]): number {
  const isScalar = typeof values === 'number';
  const key = isScalar ? `scalar ${values}` : values.join();
  return (
    constants.get(key) ??
    keep(backend, key, isScalar ? [] : [values.length], Int32Array.from([values].flat()))
  );
}

/** The id of a float32 number, made once for equal ones. */
export function numberOf(backend: NativeBackend, value: number): number {
  const key = `float ${value}`;
  return constants.get(key) ?? keep(backend, key, [], Float32Array.of(value));
}

function keep(
  { binding }: NativeBackend,
  key: string,
  shape: readonly number[],
  values: Int32Array | Float32Array,
): number {
  if (constants.size >= mostConstants) {
    for (const old of constants.values()) binding.deleteTensor(old);
    constants.clear();
  }
  const dtype = values instanceof Float32Array ? binding.TF_FLOAT : binding.TF_INT32;
  const id = binding.createTensor(shape, dtype, values);
  constants.set(key, id);
  return id;
}
