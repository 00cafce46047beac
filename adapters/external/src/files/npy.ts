import { CocoError, type FloatType, floatWidths, floatsOf } from '@coco-rec/core';

/** A matrix as a file holds it. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  /** [rows·columns] */
  readonly values: Float32Array;
}

const types = new Map<string, FloatType>([
  ['<f2', 'F16'],
  ['<f4', 'F32'],
  ['<f8', 'F64'],
]);
const magic = '\x93NUMPY';

/** Reads a NumPy array file: two dimensions, float16, float32 or float64. @throws CocoError naming what is wrong */
export function readNpy(bytes: Uint8Array, path: string): Matrix {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = bytes.length > 12 ? String.fromCharCode(...bytes.subarray(0, 6)) : '';
  if (start !== magic) throw new CocoError(`${path} is no NumPy file.`);
  const isOld = bytes[6] === 1;
  const from = isOld ? 10 : 12;
  const length = isOld ? view.getUint16(8, true) : view.getUint32(8, true);
  const header = new TextDecoder('latin1').decode(bytes.subarray(from, from + length));
  const named = /'descr': *'([^']*)'/.exec(header)?.[1] ?? 'unknown';
  const shape = (/'shape': *\(([^)]*)\)/.exec(header)?.[1] ?? '').split(',').filter((part) => part.trim());
  const type = types.get(named);
  if (!type) {
    throw new CocoError(
      `${path} holds numbers of the type ${named}; float16, float32 and float64 are read (${[...types.keys()].join(', ')}).`,
    );
  }
  if (shape.length !== 2) {
    throw new CocoError(`${path} has ${shape.length} dimensions; it takes 2: a row for each vector.`);
  }
  const [rows, columns] = shape.map(Number);
  const size = rows * columns * floatWidths[type];
  const content = bytes.subarray(from + length, from + length + size);
  if (content.length !== size) throw new CocoError(`${path} is cut short.`);
  const numbers = floatsOf(content, type);
  const isByColumns = /'fortran_order': *True/.test(header);
  return { rows, columns, values: isByColumns ? transposed(numbers, rows, columns) : numbers };
}

/** @param byColumns [columns·rows] @returns [rows·columns] */
function transposed(byColumns: Float32Array, rows: number, columns: number): Float32Array<ArrayBuffer> {
  const values = new Float32Array(byColumns.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      values[row * columns + column] = byColumns[column * rows + row];
    }
  }
  return values;
}
