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

const mostConstants = 500;
/** By kind and value; those used lately, and those before them. Only what was not used for long is freed. */
let recent = new Map<string, number>();
let older = new Map<string, number>();

/** The id of a small int32 tensor, such as a shape or axes, made once for equal values. @param values a number: a scalar */
export function constantOf(backend: NativeBackend, values: number | readonly number[]): number {
  const isScalar = typeof values === 'number';
  const key = isScalar ? `scalar ${values}` : values.join();
  const make = (): number => {
    const { binding } = backend;
    return binding.createTensor(
      isScalar ? [] : [values.length],
      binding.TF_INT32,
      Int32Array.from([values].flat()),
    );
  };
  return recent.get(key) ?? keep(backend, key, make);
}

/** The id of a float32 number, made once for equal ones. */
export function numberOf(backend: NativeBackend, value: number): number {
  const key = `float ${value}`;
  const { binding } = backend;
  const make = (): number => binding.createTensor([], binding.TF_FLOAT, Float32Array.of(value));
  return recent.get(key) ?? keep(backend, key, make);
}

function keep({ binding }: NativeBackend, key: string, make: () => number): number {
  if (recent.size >= mostConstants) {
    for (const id of older.values()) binding.deleteTensor(id);
    older = recent;
    recent = new Map();
  }
  const id = older.get(key) ?? make();
  older.delete(key);
  recent.set(key, id);
  return id;
}
