import * as tf from '@tensorflow/tfjs-core';
import { makeBatch } from '../data/batches.js';
import { lastItemRows } from '../data/row-samplers.js';
import { rankTargets, topItems, usersPerBlock } from '../evaluation/ranking.js';
import { Random } from '../random.js';
import { disposeBatch } from '../specification/backbone.js';
import type { PreparedBatch } from '../specification/batch.js';
import type { ItemVectors } from '../specification/item-vectors.js';
import { Pass } from '../specification/pass.js';
import type {
  ExternalFile,
  FitContext,
  NamedArray,
  RankOptions,
  Ranker,
  TopK,
} from '../specification/ranker.js';
import type { Split } from '../specification/dataset.js';
import type { TrainConfig } from '../config/run-config.js';
import { FrozenItemVectors } from './frozen-item-vectors.js';
import type { SequenceModel } from './sequence-model.js';
import { Trainer } from './trainer.js';
import { type Whose, partOf } from './whose.js';

/** Fused states kept for histories that come again, as they do when one model is measured in several ways. */
const mostCachedStates = 200_000;

/** Fused item vectors up to this many numbers are computed once per evaluation. */
const largestTable = 2 ** 26;

/** A backbone with its fusion, as a Ranker: what `fit`, `evaluate` and `recommend` work with. */
export class FusedRanker implements Ranker {
  readonly specVersion = 'v1';
  readonly id: string;
  private frozen?: FrozenItemVectors;
  /** State by history, of the present weights. */
  private readonly cache = new Map<string, Float32Array>();

  constructor(
    readonly model: SequenceModel,
    private readonly config: TrainConfig,
    readonly externalFiles: readonly ExternalFile[] = [],
  ) {
    this.id = `${model.backbone.id}+${model.fusion.id}`;
  }

  get readsAttributes(): boolean {
    return this.model.backbone.readsAttributes;
  }

  knows(user: number, interactions: number): boolean {
    return this.model.backbone.knows(user, interactions);
  }

  async fit(split: Split, context: FitContext): Promise<Record<string, unknown>> {
    const trainer = new Trainer({ ranker: this, split, config: this.config, context });
    try {
      const report = this.model.backbone.report();
      const fusion = this.model.fusion.report();
      const reports = { ...(report && { backbone: report }), ...(fusion !== undefined && { fusion }) };
      return { ...(await trainer.run()), ...reports };
    } finally {
      trainer.dispose();
    }
  }

  /** To be called when weights have changed: forgets what was computed from them. */
  weightsChanged(): void {
    this.frozen?.dispose();
    this.frozen = undefined;
    this.cache.clear();
  }

  async topK(histories: readonly Int32Array[], k: number, options: RankOptions = {}): Promise<TopK> {
    const items = new Int32Array(histories.length * k);
    const scores = new Float32Array(histories.length * k);
    await this.inBlocks(histories, options, (h, itemVectors, block, start) => {
      const score = (from: number, to: number): tf.Tensor2D => this.model.scores(h, itemVectors, from, to);
      const seen = options.removeSeen ? block : undefined;
      const best = topItems(score, itemVectors.count, block.length, k, seen);
      items.set(best.items, start * k);
      scores.set(best.scores, start * k);
    });
    return { items, scores };
  }

  async ranks(
    histories: readonly Int32Array[],
    targets: Int32Array,
    options: RankOptions = {},
  ): Promise<Int32Array> {
    const ranks = new Int32Array(histories.length);
    await this.inBlocks(histories, options, (h, itemVectors, block, start) => {
      const score = (from: number, to: number): tf.Tensor2D => this.model.scores(h, itemVectors, from, to);
      const wanted = targets.subarray(start, start + block.length);
      ranks.set(rankTargets(score, itemVectors.count, wanted, options.removeSeen ? block : undefined), start);
    });
    return ranks;
  }

  /**
   * Fused states of histories, one row each; the caller disposes `h`.
   * @param whose as in `RankOptions`
   * @returns [N, D]
   */
  async states(histories: readonly Int32Array[], whose: Whose = {}): Promise<tf.Tensor2D> {
    const { batch, prepared } = await this.prepare(histories, whose);
    try {
      return tf.tidy(() => this.model.rowStates(batch, prepared, Pass.predict));
    } finally {
      disposeBatch(batch);
      tf.dispose(prepared);
    }
  }

  private async prepare(
    histories: readonly Int32Array[],
    { users, times }: Whose,
  ): Promise<{ batch: PreparedBatch; prepared: tf.TensorContainer }> {
    const { backbone, fusion, fused } = this.model;
    const timesOf = (n: number): ArrayLike<number> | undefined =>
      backbone.readsTimes ? times?.[n] : undefined;
    const sequences = histories.map((history, n) => ({
      user: users?.[n] ?? -1,
      history,
      next: 0,
      times: timesOf(n),
    }));
    const raw = makeBatch(sequences, {
      maxLength: backbone.maxLength,
      phase: 'predict',
      rows: lastItemRows,
      random: new Random(0),
    });
    const batch = await backbone.prepare(raw);
    return { batch, prepared: fused ? await fusion.prepare(batch) : undefined };
  }

  private async inBlocks(
    histories: readonly Int32Array[],
    whose: Whose,
    visit: (h: tf.Tensor2D, items: ItemVectors, block: readonly Int32Array[], start: number) => void,
  ): Promise<void> {
    for (let start = 0; start < histories.length; start += usersPerBlock) {
      const end = start + usersPerBlock;
      const block = histories.slice(start, end);
      const values = await this.cachedStates(block, partOf(whose, start, end));
      tf.tidy(() =>
        visit(
          tf.tensor2d(values, [block.length, this.model.backbone.dimension]),
          this.frozenItems(),
          block,
          start,
        ),
      );
    }
  }

  /** One pass for the histories that are not known yet. @returns [N·D] */
  private async cachedStates(
    histories: readonly Int32Array[],
    { users, times }: Whose,
  ): Promise<Float32Array> {
    const { backbone, fused } = this.model;
    const keys = histories.map((history, n) => {
      const kept = history.subarray(-backbone.maxLength).join();
      const when = backbone.readsTimes ? Array.from(times?.[n] ?? []).join() : '';
      return `${fused}:${users?.[n] ?? -1}:${history.length}:${kept}:${when}`;
    });
    if (this.cache.size + histories.length > mostCachedStates) this.cache.clear();
    const missing = [...keys.keys()].filter((n) => !this.cache.has(keys[n]));
    if (missing.length > 0) {
      const h = await this.states(
        missing.map((n) => histories[n]),
        {
          users: users && Int32Array.from(missing, (n) => users[n]),
          times: times && missing.map((n) => times[n]),
        },
      );
      const values = Float32Array.from(await h.data());
      h.dispose();
      missing.forEach((n, i) => {
        this.cache.set(keys[n], values.slice(i * backbone.dimension, (i + 1) * backbone.dimension));
      });
    }
    const result = new Float32Array(histories.length * backbone.dimension);
    keys.forEach((key, n) => result.set(this.cache.get(key) ?? [], n * backbone.dimension));
    return result;
  }

  /** Item vectors for scoring; what a fusion computes for them is computed once. */
  private frozenItems(): ItemVectors {
    const items = this.model.itemVectors();
    if (items.count * items.dimension > largestTable) return items;
    this.frozen ??= new FrozenItemVectors(tf.keep(tf.tidy(() => tf.clone(items.block(0, items.count)))));
    return this.frozen;
  }

  state(): Promise<Map<string, NamedArray>> {
    return this.model.parameters.state();
  }

  async restore(state: ReadonlyMap<string, NamedArray>): Promise<void> {
    this.model.parameters.restore(state);
    this.weightsChanged();
  }

  dispose(): void {
    this.weightsChanged();
    this.model.dispose();
  }
}
