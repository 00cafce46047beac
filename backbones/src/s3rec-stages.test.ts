/** S3-Rec's stages in a whole training. */
import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import {
  type FileStore,
  FusedRanker,
  type FuseResult,
  FusionStrategy,
  type Parameters,
  SequenceModel,
  StoppedError,
  TrainConfig,
  loadCheckpoint,
  readConfig,
  saveCheckpoint,
} from '@coco-rec/core';
import { testDataset } from '@coco-rec/core/testing';
import { s3rec } from './s3rec.js';
import { smallWorld, weightOf } from './small-world.test.js';

const small = { dimension: 8, maxLength: 6, numLayers: 1, dropout: 0 };

/** The bare backbone. */
class NoFusion extends FusionStrategy {
  readonly id = 'bare';
  async initialize(): Promise<void> {}
  fuse(h: tf.Tensor2D): FuseResult {
    return { h };
  }
}

/** Files in memory. */
function memoryFiles(): FileStore {
  const files = new Map<string, Uint8Array>();
  const bytes = (content: Uint8Array | string): Uint8Array =>
    typeof content === 'string' ? new TextEncoder().encode(content) : content.slice();
  return {
    read: async (path) => files.get(path),
    write: async (path, content) => void files.set(path, bytes(content)),
    append: async () => undefined,
    list: async () => [...files.keys()],
    remove: async (path) => void files.delete(path),
  };
}

const copyOf = (parameters: Parameters, name: string): Float32Array =>
  Float32Array.from(weightOf(parameters, name).variable.dataSync());

/** Changes what the warm start of a comparison says of its time. */
async function sayThatItTook(seconds: number, warmFiles: FileStore): Promise<void> {
  const [path, ...others] = await warmFiles.list('');
  assert.ok(path && others.length === 0);
  const warm = await loadCheckpoint(warmFiles, path);
  assert.ok(warm);
  await saveCheckpoint(warmFiles, path, { tensors: warm.tensors, info: { seconds } });
}

describe('the stages of S3-Rec', () => {
  before(() => tf.setBackend('cpu'));

  it('starts its main training from the weights of the pre-training', async () => {
    const { backbone, parameters, split } = smallWorld(
      s3rec,
      { ...small, preTrainEpochs: 1 },
      { dataset: testDataset({ users: 6, items: 12 }) },
    );
    const names = ['backbone/items', 'backbone/positions', 'backbone/block0/queryKeyValue'];
    const copies = (): Float32Array[] => names.map((name) => copyOf(parameters, name));
    const distance = (a: Float32Array[], b: Float32Array[]): number[] =>
      a.map((values, i) => values.reduce((most, value, j) => Math.max(most, Math.abs(value - b[i][j])), 0));
    const train = {
      epochs: 1,
      warmEpochs: 1,
      usersPerStep: 8,
      learningRate: 0.01,
      warmupSteps: 0,
      weightDecay: 0,
    };
    const model = new SequenceModel(backbone, new NoFusion(), parameters);
    const ranker = new FusedRanker(model, readConfig(TrainConfig, train, 'train'));
    const [stop, first, after] = [new AbortController(), copies(), new Map<string, Float32Array[]>()];
    const report = (name: string): void => {
      after.set(name.split(' ')[0], copies()); // the last of each stage
      if (name.startsWith('warm')) stop.abort();
    };
    const progress = { report, log: () => undefined };
    await assert.rejects(ranker.fit(split, { progress, seed: 1, signal: stop.signal }), StoppedError);
    const [preTrained, warm] = [after.get('pre-train') ?? [], after.get('warm') ?? []];
    for (const moved of distance(first, preTrained)) assert.ok(moved > 0.02, String(moved));
    // Adam's first step moves no weight by more than the learning rate.
    for (const moved of distance(preTrained, warm)) assert.ok(moved > 0 && moved < 0.0101, String(moved));
    ranker.dispose();
  });

  it('is pre-trained once for all fusions of a comparison', async () => {
    const warmFiles = memoryFiles();
    const stages: Set<string>[] = [];
    const seconds: number[] = [];
    for (let n = 0; n < 2; n++) {
      if (n > 0) await sayThatItTook(1e6, warmFiles);
      const dataset = testDataset({ users: 6, items: 12 });
      const { backbone, parameters, split } = smallWorld(s3rec, { ...small, preTrainEpochs: 1 }, { dataset });
      const model = new SequenceModel(backbone, new NoFusion(), parameters);
      const train = { epochs: 2, warmEpochs: 1, warmupSteps: 0 };
      const ranker = new FusedRanker(model, readConfig(TrainConfig, train, 'train'));
      const seen = new Set<string>();
      const progress = { report: (name: string) => void seen.add(name.split(' ')[0]), log: () => undefined };
      const { trainSeconds } = await ranker.fit(split, { progress, seed: 1, warmFiles });
      seconds.push(Number(trainSeconds));
      ranker.dispose();
      stages.push(seen);
    }
    const own = ['pre-train', 'warm'];
    assert.deepEqual(
      stages.map((seen) => own.filter((name) => seen.has(name))),
      [own, []],
    );
    assert.ok(stages[1].has('joint'));
    assert.ok(seconds[1] >= 1e6 && seconds[1] < 1.5e6, `${seconds}: its seconds count once`);
  });

  it('can be pre-trained on segments alone, though a step may have none', async () => {
    const weights = { aapWeight: 0, mipWeight: 0, mapWeight: 0, spWeight: 0.5 };
    const dataset = testDataset({ users: 6, items: 12 });
    const keys = { ...small, ...weights, preTrainEpochs: 1 };
    const { backbone, parameters, split } = smallWorld(s3rec, keys, { dataset });
    const model = new SequenceModel(backbone, new NoFusion(), parameters);
    const before = copyOf(parameters, 'backbone/preTrain/sp/weight');
    // One user a step: nobody else has a segment to put in its place.
    const train = { epochs: 1, warmEpochs: 1, warmupSteps: 0, usersPerStep: 1, weightDecay: 0 };
    const ranker = new FusedRanker(model, readConfig(TrainConfig, train, 'train'));
    await ranker.fit(split, { progress: { report: () => undefined, log: () => undefined }, seed: 1 });
    assert.deepEqual(copyOf(parameters, 'backbone/preTrain/sp/weight'), before);
    ranker.dispose();
  });
});
