/**
 * Vectors of users and items from any system. A user's vector has been made from the first `seenUntil` interactions of
 * that user, and serves predictions at t ≥ `seenUntil` interactions only: one that has seen the target makes every figure
 * worthless. Of several, the newest that may be used is.
 *
 * A prediction without a usable vector (an unknown user, or too early) has the state zero: its loss is 0, so that nothing
 * is learned from it, and its scores are what the fusion makes of a zero state; the bare backbone ties all items.
 */
import * as tf from '@tensorflow/tfjs-core';
import { IsIn, IsOptional, IsString } from 'class-validator';
import {
  type BackboneDescriptor,
  type Batch,
  CocoError,
  Describe,
  NamesFile,
  type ItemVectors,
  type OpenContext,
  type Pass,
  type PreparedBatch,
  type Rows,
  UsageError,
} from '@coco-rec/core';
import {
  FrozenBackbone,
  FrozenConfig,
  type ItemTable,
  frozenCapabilities,
  named,
  withStates,
} from './frozen-backbone.js';
import { itemTable, matchIds, missingItems } from './match-ids.js';
import { readVectors } from './files/read-vectors.js';
import type { VectorFile } from './files/vector-rows.js';
import { UserRows } from './user-rows.js';

export class VectorsConfig extends FrozenConfig {
  @Describe('File of user vectors, with `id` and `seenUntil`: .csv, .csv.gz, .parquet, .npy or .safetensors.')
  @IsString()
  @NamesFile()
  users!: string;

  @Describe('File of item vectors, with `id`: the same formats.')
  @IsString()
  @NamesFile()
  items!: string;

  @Describe('For `users` in .npy or .safetensors: a CSV file with `id` and `seenUntil`, a line for each row.')
  @IsOptional()
  @IsString()
  @NamesFile()
  userIds?: string;

  @Describe('For `items` in .npy or .safetensors: a CSV file with `id`, a line for each row.')
  @IsOptional()
  @IsString()
  @NamesFile()
  itemIds?: string;

  @Describe(
    'For `users` without `seenUntil`: `train-1` takes each vector to be made from all training interactions of its user ' +
      'but the last. The result says so, as nobody checks it.',
  )
  @IsOptional()
  @IsIn(['train-1'])
  assumeSeenUntil?: 'train-1';
}

export class VectorsBackbone extends FrozenBackbone {
  readonly id = 'vectors';
  private users!: UserRows;

  constructor(private readonly config: VectorsConfig) {
    super(config);
  }

  protected async load(context: OpenContext): Promise<ItemTable> {
    const { users, items, userIds, itemIds } = this.config;
    const itemFile = await readVectors({ path: items, ids: itemIds, idsKey: 'backbone.itemIds' });
    const userFile = await readVectors({ path: users, ids: userIds, idsKey: 'backbone.userIds' });
    if (itemFile.dimension !== userFile.dimension) {
      throw new CocoError(
        `The vectors of ${users} have ${userFile.dimension} numbers, those of ${items} ${itemFile.dimension}; ` +
          'they must be of one width.',
      );
    }
    const table = itemTable(itemFile, context.dataset.items, this.counts);
    this.warnings.push(...missingItems(this.counts));
    this.loadUsers(userFile, context);
    return table;
  }

  override externalFiles(): readonly string[] {
    const { users, items, userIds, itemIds } = this.config;
    return named(users, userIds, items, itemIds);
  }

  private loadUsers(file: VectorFile, context: OpenContext): void {
    const { dataset } = context;
    const { indices, unknown } = matchIds(file, dataset.users, 0, 'a user');
    const seenUntil = this.seenUntil(file, indices, context);
    this.users = UserRows.from(file, indices, seenUntil, dataset.userCount);
    this.counts['user ids that the data do not know'] = unknown;
    this.count(context);
  }

  /** @returns [N] */
  private seenUntil(file: VectorFile, users: Int32Array, { trainLengths, rule }: OpenContext): Int32Array {
    const { assumeSeenUntil } = this.config;
    if (file.seenUntil && assumeSeenUntil) {
      throw new UsageError(
        `Config key "backbone.assumeSeenUntil" does nothing: ${file.path} has "seenUntil". Take it out.`,
      );
    }
    if (file.seenUntil) return file.seenUntil;
    if (!assumeSeenUntil) {
      throw new UsageError(
        `${file.path} does not say from how many interactions each vector was made: add "seenUntil", or set ` +
          '"backbone.assumeSeenUntil: train-1" if each was made from all training interactions but the last.',
      );
    }
    if (rule.kind !== 'leave-one-out') {
      throw new UsageError(
        `"backbone.assumeSeenUntil: train-1" counts interactions as "evaluate.split: leave-one-out" does; with ` +
          `"${rule.kind}" ${file.path} has to say itself from how many each vector was made: add "seenUntil".`,
      );
    }
    this.warnings.push(
      "Assumed, not checked (assumeSeenUntil: train-1): each user's vector was made from their training interactions " +
        'but the last. If one has seen more, the figures are worthless.',
    );
    return users.map((user) => (user < 0 ? 0 : Math.max(0, trainLengths[user] - 1)));
  }

  /** Counts what is served. @throws CocoError if no test prediction is */
  private count(context: OpenContext): void {
    const { trainLengths } = context;
    const { userCount } = context.dataset;
    const served = { training: 0, validation: 0, test: 0 };
    const all = { training: 0, validation: 0, test: 0 };
    let users = 0;
    const add = (kind: keyof typeof served, user: number, t: number): void => {
      all[kind]++;
      if (this.users.find(user, t)) served[kind]++;
    };
    for (let user = 0; user < userCount; user++) {
      if (this.users.has(user)) users++;
      for (let t = 1; t < trainLengths[user]; t++) add('training', user, t);
    }
    for (const kind of ['validation', 'test'] as const) {
      const { users: measured, historyLengths } = context[kind];
      for (const user of measured) add(kind, user, historyLengths[user]);
    }
    this.counts['users with a vector'] = users;
    this.counts['users without a vector'] = userCount - users;
    for (const kind of ['training', 'validation', 'test'] as const) {
      this.counts[`${kind} predictions with a vector`] = served[kind];
      this.counts[`${kind} predictions without a vector`] = all[kind] - served[kind];
    }
    this.judge(served, all);
  }

  private judge(served: Readonly<Record<string, number>>, all: Readonly<Record<string, number>>): void {
    if (all.test > 0 && served.test === 0) {
      throw new CocoError(
        `${this.config.users}: no vector can be used for a test prediction, as each has seen its target. ` +
          'Make them from fewer interactions ("seenUntil" at most the length of the history before it).',
      );
    }
    if (served.training === 0) {
      this.warnings.push(
        'No training prediction has a vector that has not seen its target, so a fusion can learn nothing.',
      );
    }
    for (const kind of ['validation', 'test']) {
      const without = all[kind] - served[kind];
      if (without > 0)
        this.warnings.push(`${without} of ${all[kind]} ${kind} predictions have no vector to use.`);
    }
  }

  override async prepare(batch: Batch): Promise<PreparedBatch> {
    const { batchSize: B, length: T, lengths, offsets, rows } = batch;
    const D = this.dimension;
    const states = new Float32Array(B * T * D);
    const users = new Int32Array(B).fill(-1);
    rows.sequence.forEach((b, p) => (users[b] = rows.user[p]));
    for (let b = 0; b < B; b++) {
      for (let t = 0; t < Math.max(1, lengths[b]); t++) {
        const vector = this.users.find(users[b], offsets[b] + Math.min(t + 1, lengths[b]));
        if (vector) states.set(vector, (b * T + t) * D);
      }
    }
    return withStates(await super.prepare(batch), states, D);
  }

  override knows(user: number, interactions: number): boolean {
    return this.users.find(user, interactions) !== undefined;
  }

  override rowLoss(h: tf.Tensor2D, rows: Rows, items: ItemVectors, pass: Pass): tf.Tensor1D {
    const isServed = rows.user.map((user, p) => (this.users.find(user, rows.visibleUntil[p]) ? 1 : 0));
    const weights = tf.tensor1d(Float32Array.from(isServed)); // [P]
    return tf.mul(super.rowLoss(h, rows, items, pass), weights);
  }
}

export const vectors: BackboneDescriptor<VectorsConfig> = {
  kind: 'backbone',
  id: 'vectors',
  specVersion: 'v1',
  summary: 'Vectors of users and items from any system, in files; only the fusion learns.',
  config: VectorsConfig,
  capabilities: frozenCapabilities,
  create: (config) => new VectorsBackbone(config),
};
