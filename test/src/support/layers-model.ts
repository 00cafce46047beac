import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';

/** A recurrent model, [B, T, D] in, [B, T, D] out, drawn from fixed seeds. */
export function recurrentModel(dimension = 8): layers.LayersModel {
  const input = layers.input({ shape: [null, dimension] });
  const seeded = (seed: number): ReturnType<typeof layers.initializers.glorotUniform> =>
    layers.initializers.glorotUniform({ seed });
  const states = layers.layers
    .simpleRNN({
      units: dimension,
      returnSequences: true,
      kernelInitializer: seeded(1),
      recurrentInitializer: seeded(2),
    })
    .apply(input) as layers.SymbolicTensor;
  const output = layers.layers
    .dense({ units: dimension, kernelInitializer: seeded(3) })
    .apply(states) as layers.SymbolicTensor;
  return layers.model({ inputs: input, outputs: output });
}

/** Saves it as tfjs does. @returns the path of its model.json */
export async function writeLayersModel(folder: string, model = recurrentModel()): Promise<string> {
  await mkdir(folder, { recursive: true });
  await model.save(
    tf.io.withSaveHandler(async ({ modelTopology, weightSpecs, weightData }) => {
      const weightsManifest = [{ paths: ['weights.bin'], weights: weightSpecs }];
      await writeFile(join(folder, 'model.json'), JSON.stringify({ modelTopology, weightsManifest }));
      await writeFile(join(folder, 'weights.bin'), new Uint8Array(weightData as ArrayBuffer));
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
    }),
  );
  model.dispose();
  return join(folder, 'model.json');
}
