import { CocoError } from '@coco-rec/core';
import type { Matrix } from '../files/npy.js';

/**
 * The weight tables of an ONNX file, as far as an item table needs: names, shapes, float and double values. Field numbers
 * are those of onnx.proto: ModelProto.graph 7, GraphProto.initializer 5, TensorProto dims 1, data_type 2, float_data 4,
 * name 8, raw_data 9, double_data 10, data_location 14 (1: in another file).
 */
export function readInitialiser(model: Uint8Array, name: string, path: string): Matrix {
  const names: string[] = [];
  for (const graph of fieldsOf(model, 7, path)) {
    for (const bytes of fieldsOf(graph, 5, path)) {
      const tensor = readTensor(bytes, path);
      if (tensor.name === name) return toMatrix(tensor, path);
      if (tensor.shape.length === 2) names.push(tensor.name);
    }
  }
  throw new CocoError(
    `${path} has no table "${name}"; with two dimensions it has ${names.join(', ') || 'none'}.`,
  );
}

/** @throws CocoError if a weight is in another file, or this is no ONNX file */
export function demandOwnWeights(model: Uint8Array, path: string): void {
  for (const graph of fieldsOf(model, 7, path)) {
    for (const bytes of fieldsOf(graph, 5, path)) {
      const { name, isOutside } = readTensor(bytes, path);
      if (!isOutside) continue;
      throw new CocoError(
        `${path} keeps weights, such as "${name}", in a file beside it; export it with all of them inside: ` +
          'torch.onnx.export(..., external_data=False).',
      );
    }
  }
}

interface Tensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: number;
  readonly data?: Uint8Array;
  readonly isOutside: boolean;
}

const float = 1;
const double = 11;

function toMatrix({ name, shape, type, data }: Tensor, path: string): Matrix {
  const where = `${path}: the table "${name}"`;
  if (shape.length !== 2) {
    throw new CocoError(`${where} has ${shape.length} dimensions; a table of items has 2.`);
  }
  if (type !== float && type !== double) {
    throw new CocoError(`${where} does not hold float or double numbers (its ONNX type is ${type}).`);
  }
  const [rows, columns] = shape;
  const width = type === float ? 4 : 8;
  if (data?.length !== rows * columns * width) throw new CocoError(`${where} has a wrong size.`);
  const aligned = new Uint8Array(data.length);
  aligned.set(data);
  const values = type === float ? new Float32Array(aligned.buffer) : new Float64Array(aligned.buffer);
  return { rows, columns, values: Float32Array.from(values) };
}

function readTensor(bytes: Uint8Array, path: string): Tensor {
  const shape: number[] = [];
  let [name, type, isOutside] = ['', 0, false];
  let data: Uint8Array | undefined;
  for (const { field, value, content } of messageFields(bytes, path)) {
    if (field === 1 && content) shape.push(...packedNumbers(content, path));
    else if (field === 1) shape.push(value);
    else if (field === 2) type = value;
    else if (field === 8 && content) name = new TextDecoder().decode(content);
    else if ((field === 4 || field === 9 || field === 10) && content) data = content;
    else if (field === 14) isOutside = value === 1;
  }
  return { name, shape, type, data, isOutside };
}

interface Field {
  readonly field: number;
  /** Of a number. */
  readonly value: number;
  /** Of anything with a length. */
  readonly content?: Uint8Array;
}

function* fieldsOf(bytes: Uint8Array, wanted: number, path: string): Generator<Uint8Array> {
  for (const { field, content } of messageFields(bytes, path)) if (field === wanted && content) yield content;
}

/** Walks over a protocol-buffers message. */
function* messageFields(bytes: Uint8Array, path: string): Generator<Field> {
  let at = 0;
  while (at < bytes.length) {
    const [tag, afterTag] = varint(bytes, at, path);
    const [field, wire] = [Math.floor(tag / 8), tag % 8];
    if (wire === 0) {
      const [value, end] = varint(bytes, afterTag, path);
      yield { field, value };
      at = end;
    } else if (wire === 2) {
      const [length, start] = varint(bytes, afterTag, path);
      if (start + length > bytes.length) throw damaged(path);
      yield { field, value: length, content: bytes.subarray(start, start + length) };
      at = start + length;
    } else if (wire === 1 || wire === 5) at = afterTag + (wire === 1 ? 8 : 4);
    else throw damaged(path);
  }
}

function packedNumbers(bytes: Uint8Array, path: string): number[] {
  const numbers: number[] = [];
  for (let at = 0; at < bytes.length;) {
    const [value, end] = varint(bytes, at, path);
    numbers.push(value);
    at = end;
  }
  return numbers;
}

/** @returns the number and where it ends; exact up to 2^53, which no size here reaches */
function varint(bytes: Uint8Array, start: number, path: string): readonly [number, number] {
  let value = 0;
  for (let i = 0; i < 10 && start + i < bytes.length; i++) {
    value += (bytes[start + i] & 127) * 2 ** (7 * i);
    if (bytes[start + i] < 128) return [value, start + i + 1];
  }
  throw damaged(path);
}

const damaged = (path: string): CocoError => new CocoError(`${path} is no ONNX file, or is damaged.`);
