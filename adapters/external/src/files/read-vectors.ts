import { CocoError, UsageError, decodeSafetensors } from '@coco-rec/core';
import { readCsvVectors } from './csv-vectors.js';
import { demandFile, readBytes } from './demand-file.js';
import { type Matrix, readNpy } from './npy.js';
import { readParquetVectors } from './parquet-vectors.js';
import { type VectorFile, notFinite } from './vector-rows.js';

/** A file of vectors, and where its ids are. */
export interface VectorSource {
  /** .csv, .csv.gz, .parquet, .npy or .safetensors. */
  readonly path: string;
  /** For a bare matrix (.npy, .safetensors): a CSV file with the column `id`, perhaps `seenUntil`, a line for each row. */
  readonly ids?: string;
  /** Name of the config key for `ids`, for errors. */
  readonly idsKey: string;
}

/** Reads vectors with their ids. @throws CocoError or UsageError with file and place */
export async function readVectors(source: VectorSource): Promise<VectorFile> {
  const { path, ids, idsKey } = source;
  await demandFile(path);
  const isMatrix = /\.(npy|safetensors)$/.test(path);
  if (!isMatrix && ids !== undefined) {
    throw new UsageError(`Config key "${idsKey}" does nothing: ${path} has ids of its own. Take it out.`);
  }
  if (isMatrix) return withIds(await readMatrix(path), source);
  const read = /\.csv(\.gz)?$/.test(path)
    ? readCsvVectors
    : path.endsWith('.parquet')
      ? readParquetVectors
      : undefined;
  if (!read) {
    throw new UsageError(`${path}: its name should end in .csv, .csv.gz, .parquet, .npy or .safetensors.`);
  }
  const file = await read(path);
  if (file.dimension === 0) throw new CocoError(`${path} has ids but no numbers beside them.`);
  return file;
}

async function readMatrix(path: string): Promise<Matrix> {
  const bytes = await readBytes(path);
  return path.endsWith('.npy') ? readNpy(bytes, path) : readSafetensorsMatrix(bytes, path);
}

/** The only tensor of two dimensions. */
function readSafetensorsMatrix(bytes: Uint8Array, path: string): Matrix {
  let found: ReturnType<typeof decodeSafetensors>;
  try {
    found = decodeSafetensors(bytes);
  } catch (error) {
    if (!(error instanceof CocoError)) throw error;
    const [, type] = /has the type (\w+);/.exec(error.message) ?? [];
    throw type ? wrongType(path, type, error) : new CocoError(`${path}: ${error.message}.`, { cause: error });
  }
  const names = [...found.tensors.keys()];
  if (names.length !== 1) {
    throw new CocoError(
      `${path} holds the tensors ${names.join(', ') || 'none'}; it takes one, the vectors.`,
    );
  }
  const tensor = [...found.tensors.values()][0];
  if (!(tensor.values instanceof Float32Array)) throw wrongType(path, 'I32');
  if (tensor.shape.length !== 2) {
    throw new CocoError(
      `${path}: "${names[0]}" has ${tensor.shape.length} dimensions; it takes 2: a row for each vector.`,
    );
  }
  return { rows: tensor.shape[0], columns: tensor.shape[1], values: tensor.values };
}

const wrongType = (path: string, type: string, cause?: Error): CocoError =>
  new CocoError(
    `${path} holds numbers of the type ${type}; save them as float32: array.astype('float32') in NumPy, ` +
      'tensor.float() in PyTorch.',
    { cause },
  );

async function withIds({ rows, columns, values }: Matrix, source: VectorSource): Promise<VectorFile> {
  const { path, ids: idsPath, idsKey } = source;
  if (idsPath === undefined) {
    throw new UsageError(
      `${path} has no ids: name a CSV file with the column "id", a line for each row, as "${idsKey}".`,
    );
  }
  await demandFile(idsPath);
  const { ids, seenUntil, dimension } = await readCsvVectors(idsPath);
  if (dimension > 0) throw new CocoError(`${idsPath} should have the columns "id" and "seenUntil" only.`);
  if (ids.length !== rows) {
    throw new CocoError(`${path} has ${rows} rows, but ${idsPath} has ${ids.length} ids.`);
  }
  const wrong = values.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0) {
    throw notFinite(`${path}, row ${Math.floor(wrong / columns) + 1}`, wrong % columns, values[wrong]);
  }
  return { path, ids, values, dimension: columns, seenUntil };
}
