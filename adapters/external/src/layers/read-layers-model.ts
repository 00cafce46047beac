import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { loadLayersModel } from '@tensorflow/tfjs-layers';
import { CocoError, UsageError } from '@coco-rec/core';
import type { LayersModel } from './layers-model.js';

interface ModelJson {
  readonly modelTopology: object;
  readonly weightsManifest: readonly {
    readonly paths: string[];
    readonly weights: tf.io.WeightsManifestEntry[];
  }[];
}

/**
 * Reads a tfjs `model.json` and the weight files beside it. Nothing is fetched, and no code is run.
 * @throws CocoError if a file is missing or has another size than the model says
 */
export async function readLayersModel(path: string): Promise<LayersModel> {
  const { modelTopology, weightsManifest } = await readJson(path);
  const specs = weightsManifest.flatMap(({ weights }) => weights);
  const files = weightsManifest.flatMap(({ paths }) => paths);
  const parts = await Promise.all(files.map((name) => readWeights(path, name)));
  const bytes = Buffer.concat(parts);
  const expected = specs.reduce((sum, spec) => sum + byteLength(spec, path), 0);
  if (bytes.length !== expected) {
    throw new CocoError(`${path}: its weight files have ${bytes.length} bytes; the model needs ${expected}.`);
  }
  const weightData = new Uint8Array(bytes).buffer;
  try {
    return await loadLayersModel(tf.io.fromMemory({ modelTopology, weightSpecs: specs, weightData }));
  } catch (error) {
    const reason = (error as Error).message.split('\n')[0];
    throw new CocoError(`${path} cannot be built as a layers model (${reason}).`, { cause: error });
  }
}

async function readJson(path: string): Promise<ModelJson> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new UsageError(`There is no file ${path}.`, { cause: error });
  });
  let json: Partial<ModelJson> | null;
  try {
    json = JSON.parse(text) as Partial<ModelJson> | null;
  } catch (error) {
    throw new CocoError(`${path} is not valid JSON.`, { cause: error });
  }
  const { modelTopology, weightsManifest } = json ?? {};
  const isGroup = (group: { paths?: unknown; weights?: unknown } | null): boolean =>
    Array.isArray(group?.paths) && Array.isArray(group.weights);
  if (typeof modelTopology === 'object' && Array.isArray(weightsManifest) && weightsManifest.every(isGroup)) {
    return { modelTopology, weightsManifest };
  }
  throw new CocoError(`${path} is no layers model: it lacks "modelTopology" or "weightsManifest".`);
}

async function readWeights(path: string, name: string): Promise<Buffer> {
  if (typeof name !== 'string' || /[/\\]|^\.\.?$/.test(name)) {
    throw new CocoError(`${path} names the weight file ${JSON.stringify(name)}; it must lie beside it.`);
  }
  return readFile(join(dirname(path), name)).catch((error: unknown) => {
    throw new CocoError(`${path}: its weight file ${name} cannot be read.`, { cause: error });
  });
}

function byteLength({ name, shape, dtype, quantization }: tf.io.WeightsManifestEntry, path: string): number {
  if (dtype === 'float32' && !quantization) return 4 * shape.reduce((a, b) => a * b, 1);
  throw new CocoError(
    `${path}: the weight "${name}" is not plain float32; save the model without quantisation.`,
  );
}
