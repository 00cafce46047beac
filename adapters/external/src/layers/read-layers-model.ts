import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { loadLayersModel } from '@tensorflow/tfjs-layers';
import { CocoError } from '@coco-rec/core';
import { readBytes } from '../files/demand-file.js';
import type { LayersModel } from './layers-model.js';
import { reasonOf } from './reason-of.js';

interface ModelJson {
  readonly modelTopology: object;
  readonly weightsManifest: readonly {
    readonly paths: string[];
    readonly weights: (tf.io.WeightsManifestEntry | null)[];
  }[];
}

/**
 * Reads a tfjs `model.json` and the weight files beside it. Nothing is fetched, and no code is run.
 * @throws CocoError if a file is missing or has another size than the model says
 */
export async function readLayersModel(path: string): Promise<LayersModel> {
  const { modelTopology, weightsManifest } = await readJson(path);
  const specs = weightsManifest.flatMap(({ weights }) => weights).map((weight) => readSpec(weight, path));
  const files = weightsManifest.flatMap(({ paths }) => paths);
  const parts = await Promise.all(files.map((name) => readWeights(path, name)));
  const bytes = Buffer.concat(parts);
  const expected = specs.reduce((sum, { shape }) => sum + 4 * shape.reduce((a, b) => a * b, 1), 0);
  if (bytes.length !== expected) {
    throw new CocoError(`${path}: its weight files have ${bytes.length} bytes; the model needs ${expected}.`);
  }
  const weightData = new Uint8Array(bytes).buffer;
  try {
    return await loadLayersModel(tf.io.fromMemory({ modelTopology, weightSpecs: specs, weightData }));
  } catch (error) {
    const reason = reasonOf(error);
    const mend = reason.startsWith('Unknown ')
      ? '; use only what the tfjs layers API has, or build the model in code (layersUnit)'
      : '';
    throw new CocoError(`${path} cannot be built as a layers model (${reason})${mend}.`, { cause: error });
  }
}

async function readJson(path: string): Promise<ModelJson> {
  const text = new TextDecoder().decode(await readBytes(path));
  let json: (Partial<ModelJson> & { readonly format?: string }) | null;
  try {
    json = JSON.parse(text) as typeof json;
  } catch (error) {
    throw new CocoError(`${path} is not valid JSON.`, { cause: error });
  }
  const { modelTopology, weightsManifest, format } = json ?? {};
  if (format === 'graph-model') {
    throw new CocoError(
      `${path} is a graph model, which cannot be trained: save a layers model (model.save), or export the model to ONNX.`,
    );
  }
  const isGroup = (group: { paths?: unknown; weights?: unknown } | null): boolean =>
    Array.isArray(group?.paths) && Array.isArray(group.weights);
  const isTopology = typeof modelTopology === 'object' && modelTopology !== null;
  if (isTopology && Array.isArray(weightsManifest) && weightsManifest.every(isGroup)) {
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

/** @throws CocoError unless it is a float32 tensor with a name and a shape */
function readSpec(weight: tf.io.WeightsManifestEntry | null, path: string): tf.io.WeightsManifestEntry {
  const { name, shape, dtype, quantization } = weight ?? {};
  const isShape = Array.isArray(shape) && shape.every((size) => Number.isInteger(size) && size >= 0);
  if (!weight || typeof name !== 'string' || !isShape) {
    const found = JSON.stringify(weight).slice(0, 80);
    throw new CocoError(
      `${path} lists the weight ${found}; a weight should have a "name" and a "shape", a list of whole numbers.`,
    );
  }
  if (dtype === 'float32' && !quantization) return weight;
  throw new CocoError(
    `${path}: the weight "${name}" is not plain float32; save the model without quantisation.`,
  );
}
