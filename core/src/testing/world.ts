import * as tf from '@tensorflow/tfjs-core';
import { TrainConfig } from '../config/run-config.js';
import { readConfig } from '../config/validate.js';
import { type Sequence, makeBatch, trainingSequences } from '../data/batches.js';
import { nextItemRows } from '../data/row-samplers.js';
import { leaveOneOut } from '../data/split.js';
import { encodeItemTexts } from '../knowledge/item-text-vectors.js';
import { MemoryTextStore } from '../knowledge/memory-text-store.js';
import { StoredTextWriter } from '../knowledge/stored-text-writer.js';
import { createLoss } from '../losses/create-loss.js';
import { Random } from '../random.js';
import { type ItemTextVectors, disposeBatch } from '../specification/backbone.js';
import type { Batch, PreparedBatch } from '../specification/batch.js';
import type { Dataset } from '../specification/dataset.js';
import type { BackboneDescriptor, FusionDescriptor } from '../specification/descriptor.js';
import { type FuseResult, FusionStrategy, type WarmStates } from '../specification/fusion-strategy.js';
import type { KnowledgeLLM } from '../specification/knowledge-llm.js';
import { type Parameter, Parameters } from '../specification/parameters.js';
import { Pass } from '../specification/pass.js';
import type { Progress, TextStore } from '../specification/ports.js';
import type { RowSampler, Stage } from '../specification/stage.js';
import type { TextWriter } from '../specification/text-writer.js';
import { Adam } from '../training/adam.js';
import { FusedRanker } from '../training/fused-ranker.js';
import { sampleStates } from '../training/samples.js';
import { SequenceModel } from '../training/sequence-model.js';
import { trainStep } from '../training/train-step.js';
import { testHasher } from './test-dataset.js';

/** What a world is made of. */
export interface WorldOptions {
  readonly backbone: BackboneDescriptor;
  /** Keys of the section `backbone`. */
  readonly backboneConfig?: object;
  readonly fusion?: FusionDescriptor;
  /** Keys of the section `fusion`. */
  readonly fusionConfig?: object;
  readonly knowledge?: KnowledgeLLM;
  /** Where generated texts are kept, so that worlds share them. Default: one of its own. */
  readonly texts?: TextStore;
  readonly dataset: Dataset;
  readonly seed: number;
}

/** No fusion: the bare backbone. */
class BareFusion extends FusionStrategy {
  readonly id = 'bare';
  async initialize(): Promise<void> {}
  fuse(h: tf.Tensor2D): FuseResult {
    return { h };
  }
}

/** Which parameters a law trains. */
export type Part = 'all' | 'backbone' | 'fusion';

const sequencesPerStep = 8;
const steps = { weightDecay: 0, gradientNorm: 5 } as const;

/** A model on a data set, made as the front door makes it, with what the laws do to it. */
export class World {
  private readonly adam = new Adam();
  private stepCount = 0;

  private constructor(
    readonly options: WorldOptions,
    readonly model: SequenceModel,
    readonly ranker: FusedRanker,
    readonly sequences: readonly Sequence[],
  ) {}

  static async open(options: WorldOptions): Promise<World> {
    const { dataset, seed, knowledge } = options;
    const split = leaveOneOut(dataset);
    const random = new Random(seed);
    const parameters = new Parameters(random.derive('parameters'));
    const context = { dataset, trainLengths: split.trainLengths, random: random.derive('loss') };
    const backboneConfig = readConfig(options.backbone.config, options.backboneConfig ?? {}, 'backbone');
    const backbone = options.backbone.create(backboneConfig);
    await backbone.open({ ...split, progress: silent });
    backbone.initialize({
      itemCount: dataset.itemCount,
      parameters: parameters.scope('backbone'),
      loss: createLoss('softmax', context),
      dataset,
      texts: await textsOf(options, backboneConfig),
    });
    const fusion = createFusion(options);
    await fusion.initialize({
      dataset,
      trainLengths: split.trainLengths,
      backbone,
      knowledge,
      parameters: parameters.scope('fusion'),
      random: random.derive('fusion'),
      writer: writerOf(options),
      progress: silent,
    });
    const model = new SequenceModel(backbone, fusion, parameters);
    model.fused = options.fusion !== undefined;
    const world = new World(
      options,
      model,
      new FusedRanker(model, new TrainConfig()),
      trainingSequences(split, 'histories', backbone.readsTimes),
    );
    if (model.fused) await fusion.startJoint((count) => world.sample(count));
    return world;
  }

  /** Trainable parameters of a part. */
  trainable(part: Part): Parameter[] {
    const all = this.model.parameters.entries().filter(({ trainable }) => trainable);
    return part === 'all' ? all : all.filter(({ name }) => name.startsWith(`${part}/`));
  }

  /** Adds N(0, .02) to every trainable variable: gates and LoRA's B start at 0, where much has no gradient. */
  addNoise(): this {
    for (const { name, variable } of this.trainable('all')) {
      const random = new Random(this.options.seed).derive('noise', name);
      const noise = Float32Array.from({ length: variable.size }, () => 0.02 * random.normal());
      tf.tidy(() => variable.assign(tf.add(variable, tf.tensor(noise, variable.shape)) as typeof variable));
    }
    this.ranker.weightsChanged();
    return this;
  }

  batch(sequences: readonly Sequence[], phase: Batch['phase'], rows: RowSampler = everyPositionRows): Batch {
    const random = new Random(this.options.seed).derive('batch', this.stepCount);
    return makeBatch(sequences, { maxLength: this.model.backbone.maxLength, phase, rows, random });
  }

  /** The n-th training batch of 8 sequences. */
  trainingBatch(n: number, rows = this.trainingRows()): Batch {
    const start = n * sequencesPerStep;
    const chosen = Array.from({ length: Math.min(sequencesPerStep, this.sequences.length) }, (_, i) => {
      return this.sequences[(start + i) % this.sequences.length];
    });
    return this.batch(chosen, 'train', rows);
  }

  trainingRows(): RowSampler {
    return this.model.backbone.rowSampler() ?? nextItemRows;
  }

  /** Scores of all items at every row, without dropout. @returns [P·V] */
  async scores(batch: Batch): Promise<Float32Array> {
    return this.withPrepared(batch, (prepared, extra) =>
      tf.tidy(() => {
        const h = this.model.rowStates(prepared, extra, Pass.predict); // [P, D]
        const items = this.model.itemVectors();
        // The CPU engine hands out its own buffer, so copy.
        return Float32Array.from(this.model.scores(h, items, 1, items.count).dataSync());
      }),
    );
  }

  /** Trains on batches of 8 sequences; `batchAt` gives the batch of each step. */
  async train(
    count: number,
    options: { part?: Part; learningRate?: number; batchAt?: (step: number) => Batch } = {},
  ): Promise<void> {
    const { part = 'all', learningRate = 0.005 } = options;
    for (let i = 0; i < count; i++) {
      const step = this.stepCount++;
      await trainStep({
        model: this.model,
        parts: [
          {
            batch: options.batchAt?.(step) ?? this.trainingBatch(step),
            key: new Random(this.options.seed).derive('step', step).streamKey,
          },
        ],
        adam: this.adam,
        config: { ...steps, learningRate },
        rateScale: 1,
        parameters: this.trainable(part),
        place: `step ${step + 1} of the conformance kit`,
      });
    }
    this.ranker.weightsChanged();
  }

  /** Gradients of a training batch's loss, or of a stage's own, by parameter name; absent where there is none. */
  async gradients(batch: Batch, part: Part, loss?: Stage['loss']): Promise<Map<string, Float32Array>> {
    const parameters = this.trainable(part);
    if (parameters.length === 0) return new Map();
    const key = new Random(this.options.seed).derive('gradient', batch.rows.count).streamKey;
    return this.withPrepared(batch, (prepared, extra) => {
      const pass = Pass.train(key);
      const { value, grads } = tf.tidy(() =>
        tf.variableGrads(
          () =>
            (loss ? loss(prepared, pass) : this.model.stepLoss([{ batch: prepared, prepared: extra, pass }]))
              .total,
          parameters.map(({ variable }) => variable),
        ),
      );
      const found = new Map<string, Float32Array>();
      for (const { name, variable } of parameters) {
        const gradient = grads[variable.name] as tf.Tensor | null;
        if (gradient) found.set(name, Float32Array.from(gradient.dataSync()));
      }
      tf.dispose([value, grads]);
      return found;
    });
  }

  private async withPrepared<T>(batch: Batch, use: (batch: PreparedBatch, extra: unknown) => T): Promise<T> {
    const { backbone, fusion, fused } = this.model;
    const prepared = await backbone.prepare(batch);
    const extra = fused ? await fusion.prepare(prepared) : undefined;
    try {
      return use(prepared, extra);
    } finally {
      disposeBatch(prepared);
      tf.dispose(extra);
    }
  }

  /** All values of a part, name by name. */
  async values(part: Part): Promise<Map<string, ArrayLike<number>>> {
    const prefix = part === 'all' ? '' : `${part}/`;
    const state = await this.model.parameters.state();
    return new Map(
      [...state].filter(([name]) => name.startsWith(prefix)).map(([name, { values }]) => [name, values]),
    );
  }

  /** What a trainer does at the end of an epoch. */
  endEpoch(): Promise<Record<string, number>> {
    return this.model.fusion.endEpoch((count) => this.sample(count));
  }

  private sample(count: number): Promise<WarmStates> {
    return sampleStates(this.ranker, this.sequences, count, new Random(this.options.seed).derive('sample'));
  }

  dispose(): void {
    this.adam.dispose();
    this.ranker.dispose();
  }
}

const silent: Progress = { report: () => undefined, log: () => undefined };

/** Vectors of the item texts, where the backbone reads them. */
async function textsOf(
  { backbone, dataset, knowledge }: WorldOptions,
  config: object,
): Promise<ItemTextVectors | undefined> {
  if (!backbone.readsTexts?.(config)) return undefined;
  return encodeItemTexts(dataset, { knowledge, progress: silent }, `Backbone "${backbone.id}"`);
}

function writerOf({ knowledge, texts = new MemoryTextStore() }: WorldOptions): TextWriter | undefined {
  if (!knowledge?.generate) return undefined;
  return new StoredTextWriter({
    knowledge,
    store: texts,
    hasher: testHasher,
    progress: silent,
    retryStored: false,
  });
}

function createFusion({ fusion, fusionConfig }: WorldOptions): FusionStrategy {
  return fusion ? fusion.create(readConfig(fusion.config, fusionConfig ?? {}, 'fusion')) : new BareFusion();
}

/** A row at every position, the last too; an empty history has its row at position 0. */
export const everyPositionRows: RowSampler = (block) => {
  const rows = Array.from({ length: block.batchSize }, (_, b) =>
    Array.from({ length: Math.max(1, block.lengths[b]) }, (_, t) => ({ b, t })),
  ).flat();
  const targetOf = ({ b, t }: { b: number; t: number }): number =>
    t + 1 < block.lengths[b] ? block.items[b * block.length + t + 1] : block.next[b];
  return {
    count: rows.length,
    sequence: Int32Array.from(rows, ({ b }) => b),
    position: Int32Array.from(rows, ({ t }) => t),
    target: Int32Array.from(rows, targetOf),
    user: Int32Array.from(rows, ({ b }) => block.users[b]),
    visibleUntil: Int32Array.from(rows, ({ b, t }) => block.offsets[b] + Math.min(t + 1, block.lengths[b])),
  };
};

/** Runs `use` with a world and frees it. */
export async function inWorld<T>(options: WorldOptions, use: (world: World) => Promise<T>): Promise<T> {
  const world = await World.open(options);
  try {
    return await use(world);
  } finally {
    world.dispose();
  }
}
