/**
 * A recommender of one's own: a GRU over the history (as in GRU4Rec, Hidasi et al. 2016) in 30 lines of model.
 * It is handed to the front door as a unit, passes the conformance kit, and trains with CoCo like a built-in one.
 * Run: npm run subclass-a-backbone -w @coco-rec/examples
 */
import * as tf from '@tensorflow/tfjs-core';
import { IsInt, IsNumber, Max, Min } from 'class-validator';
import {
  Backbone,
  type BackboneDescriptor,
  Describe,
  type ItemVectors,
  type Parameters,
  type Pass,
  type PreparedBatch,
  constant,
  defaultBackboneCapabilities,
  linear,
  xavier,
} from '@coco-rec/core';
import { backboneChecks } from '@coco-rec/core/testing';
import { createContext, createRecommender } from '@coco-rec/standard';

class GRUConfig {
  @Describe('Model width D.')
  @IsInt()
  @Min(1)
  dimension = 64;

  @Describe('Dropout on the item vectors.')
  @IsNumber()
  @Min(0)
  @Max(0.95)
  dropout = 0.2;
}

class GRUBackbone extends Backbone {
  readonly id = 'gru';
  readonly dimension: number;
  private input!: tf.Variable;
  private recurrent!: tf.Variable;
  private bias!: tf.Variable;
  constructor(private readonly config: GRUConfig) {
    super();
    this.dimension = config.dimension;
  }

  protected build(parameters: Parameters): void {
    this.input = parameters.variable('input', [this.dimension, 3 * this.dimension], xavier);
    this.recurrent = parameters.variable('recurrent', [this.dimension, 3 * this.dimension], xavier);
    this.bias = parameters.variable('bias', [3 * this.dimension], constant(0), { weightDecay: false });
  }

  encode({ itemIds, batchSize: B, length: T }: PreparedBatch, items: ItemVectors, pass: Pass): tf.Tensor3D {
    const vectors = pass.dropout(items.gather(tf.reshape(itemIds, [B * T])), this.config.dropout); // [B·T, D]
    const gates = tf.reshape(linear(vectors, this.input, this.bias), [B, T, 3 * this.dimension]);
    let h: tf.Tensor = tf.zeros([B, this.dimension]);
    const states = tf.unstack(gates, 1).map((gate) => {
      const [resetX, updateX, candidateX] = tf.split(gate, 3, 1); // [B, D] each
      const [resetH, updateH, candidateH] = tf.split(linear(h, this.recurrent), 3, 1); // [B, D] each
      const candidate = tf.tanh(tf.add(candidateX, tf.mul(tf.sigmoid(tf.add(resetX, resetH)), candidateH)));
      return (h = tf.add(candidate, tf.mul(tf.sigmoid(tf.add(updateX, updateH)), tf.sub(h, candidate))));
    });
    return tf.stack(states, 1) as tf.Tensor3D; // [B, T, D]
  }
}

const gru: BackboneDescriptor<GRUConfig> = {
  kind: 'backbone',
  id: 'gru',
  specVersion: 'v1',
  summary: 'GRU: a recurrent network over the history.',
  paper: 'Hidasi et al., "Session-based Recommendations with Recurrent Neural Networks", ICLR 2016',
  config: GRUConfig,
  capabilities: defaultBackboneCapabilities,
  create: (config) => new GRUBackbone(config),
};

// 1. The laws that every backbone obeys. In a project, hand them to the test framework: it(check.name, check.run).
const { registry } = createContext('runs/gru', { units: [gru] });
await registry.get('engine', 'wasm').start();
for (const check of backboneChecks(gru, { config: { dimension: 8, dropout: 0.2 } })) {
  if (!check.skip) await check.run();
  console.log(`${check.skip ? '-' : '✓'} ${check.name}${check.skip ? ` (${check.skip})` : ''}`);
}

// 2. Named in a config like a built-in one; the fusion does not know it from SASRec.
const recommender = createRecommender(
  {
    data: { format: 'shop', items: 60, users: 80, seed: 1 },
    backbone: { id: 'gru', dimension: 16 },
    knowledge: { id: 'tiny' },
    fusion: { id: 'coco', codebook: { size: 8 } },
    train: { epochs: 4, warmEpochs: 2, usersPerStep: 32, warmupSteps: 10 },
    engine: 'wasm',
    output: 'runs/gru',
  },
  { units: [gru] },
);
const { test, seconds } = await recommender.fit();
console.log(
  `GRU + CoCo: R@5 ${test['recall@5'].toFixed(4)}, N@5 ${test['ndcg@5'].toFixed(4)}, ${seconds.toFixed(1)} s`,
);
recommender.dispose();
