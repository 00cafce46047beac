/**
 * A fusion of one's own: the title of the newest item, as the language model reads it, nudges the user state,
 * h = h_RS + W u, W zero at the start, so that training begins with the bare backbone.
 * Registered beside the built-in units, it passes the conformance kit and trains.
 * Run: npm run write-a-fusion -w @coco-rec/examples
 */
import * as tf from '@tensorflow/tfjs-core';
import { IsNumber, Max, Min } from 'class-validator';
import {
  Describe,
  type FuseContext,
  type FuseResult,
  type FusionContext,
  type FusionDescriptor,
  FusionStrategy,
  type PreparedBatch,
  UsageError,
  constant,
  linear,
  readConfig,
} from '@coco-rec/core';
import { fusionChecks } from '@coco-rec/core/testing';
import { createContext, createRecommender } from '@coco-rec/standard';

class LastTitleConfig {
  @Describe('Dropout on the title vector.')
  @IsNumber()
  @Min(0)
  @Max(0.95)
  dropout = 0;
}

class LastTitleFusion extends FusionStrategy {
  readonly id = 'last-title';
  /** Title vectors in host memory, [V+1, H]; zero for padding and for items without text. */
  private titles = new Float32Array();
  private hiddenSize = 0;
  private weight!: tf.Variable;

  constructor(private readonly config: LastTitleConfig) {
    super();
  }

  /** Offline: encode the titles once (the knowledge store keeps them between runs), then make the weights. */
  async initialize({ dataset, knowledge, backbone, parameters, progress }: FusionContext): Promise<void> {
    const { texts, itemCount } = dataset;
    if (!texts || !knowledge?.encode)
      throw new UsageError('Fusion "last-title" needs item texts and a language model.');
    const H = (this.hiddenSize = knowledge.hiddenSize);
    const described = Array.from({ length: itemCount + 1 }, (_, i) => i).filter((i) => texts.get(i) !== '');
    const vectors = await knowledge.encode(
      described.map((i) => texts.get(i)),
      progress,
    );
    this.titles = new Float32Array((itemCount + 1) * H);
    described.forEach((item, n) => this.titles.set(vectors.subarray(n * H, (n + 1) * H), item * H));
    this.weight = parameters.variable('weight', [H, backbone.dimension], constant(0));
  }

  /** Before the tape: the newest title that each row may see. Never look past `visibleUntil`: that is the future. */
  override async prepare({ rows, items, offsets, length }: PreparedBatch): Promise<tf.TensorContainer> {
    const H = this.hiddenSize;
    const values = new Float32Array(rows.count * H);
    for (let p = 0; p < rows.count; p++) {
      const b = rows.sequence[p];
      const newest = rows.visibleUntil[p] - offsets[b] - 1; // -1: an empty history
      const item = newest < 0 ? 0 : items[b * length + newest];
      values.set(this.titles.subarray(item * H, (item + 1) * H), p * H);
    }
    return { title: tf.tensor2d(values, [rows.count, H]) };
  }

  /** Inside the tape: row states in, row states out. */
  fuse(h: tf.Tensor2D, { prepared, pass }: FuseContext): FuseResult {
    const { title } = prepared as { title: tf.Tensor2D }; // [P, H]
    return { h: tf.add(h, linear(pass.dropout(title, this.config.dropout), this.weight)) }; // [P, D]
  }
}

const lastTitle: FusionDescriptor<LastTitleConfig> = {
  kind: 'fusion',
  id: 'last-title',
  specVersion: 'v1',
  summary: 'User side: the vector of the newest title, by one linear layer.',
  config: LastTitleConfig,
  needs: () => ({ backbone: {}, knowledge: { encode: true } }),
  create: (config) => new LastTitleFusion(config),
};

// 1. The laws that every fusion obeys, on SASRec with the embedded language model.
const { registry, context } = createContext('runs/last-title', { units: [lastTitle] });
await registry.get('engine', 'wasm').start();
const tiny = registry.get('knowledge', 'tiny');
const model = await tiny.create(readConfig(tiny.config, {}, 'knowledge'), context);
const checks = fusionChecks(lastTitle, registry.get('backbone', 'sasrec'), {
  knowledge: () => Promise.resolve(model),
  backboneConfig: { dimension: 8 },
});
for (const check of checks) {
  if (!check.skip) await check.run();
  console.log(`${check.skip ? '-' : '✓'} ${check.name}${check.skip ? ` (${check.skip})` : ''}`);
}
model.dispose();

// 2. Named in a config like a built-in one.
const recommender = createRecommender(
  {
    data: { format: 'shop', items: 60, users: 80, seed: 1 },
    backbone: { id: 'sasrec', dimension: 16 },
    knowledge: { id: 'tiny' },
    fusion: { id: 'last-title', dropout: 0.1 },
    train: { epochs: 4, warmEpochs: 2, usersPerStep: 32, warmupSteps: 10 },
    engine: 'wasm',
    output: 'runs/last-title',
  },
  { units: [lastTitle] },
);
const { test, seconds } = await recommender.fit();
console.log(
  `SASRec + last-title: R@5 ${test['recall@5'].toFixed(4)}, N@5 ${test['ndcg@5'].toFixed(4)}, ${seconds.toFixed(1)} s`,
);
recommender.dispose();
