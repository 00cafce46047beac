import * as tf from '@tensorflow/tfjs-core';
import { CocoError, UsageError } from '../errors.js';
import type { BackboneCapabilities } from './capabilities.js';
import type { Batch, PreparedBatch, Rows } from './batch.js';
import { type EncodedRows, demandShape, rowsOf } from './encoded-rows.js';
import type { ItemVectors } from './item-vectors.js';
import type { Pass } from './pass.js';
import { type Parameters, normal } from './parameters.js';
import type { RowLoss } from './row-loss.js';
import type { RowSampler, SequenceKind, Stage } from './stage.js';
import { TableItemVectors } from './table-item-vectors.js';
import type { Dataset, ImportReport, Split } from './dataset.js';
import type { Progress } from './ports.js';

/** What a backbone may read before it is built. */
export interface OpenContext extends Split {
  readonly progress: Progress;
  /** Aborted on Ctrl-C. */
  readonly signal?: AbortSignal;
}

/** A vector for each item's text, by a language model. */
export interface ItemTextVectors {
  /** [(V + 1)·H] centred, of mean square 1; zero for padding and items without text. */
  readonly values: Float32Array;
  /** H. */
  readonly hiddenSize: number;
  /** [V + 1] 1 where there is a text. */
  readonly hasText: Uint8Array;
}

/** What a backbone is built for. */
export interface BackboneContext {
  /** V, items without padding. */
  readonly itemCount: number;
  readonly parameters: Parameters;
  /** The loss named in the config; the default `rowLoss`. */
  readonly loss: RowLoss;
  /** For attributes and counts. */
  readonly dataset: Dataset;
  /** Given where the descriptor's `readsTexts` says so. */
  readonly texts?: ItemTextVectors;
}

/**
 * A sequential recommender, made for subclassing: give an id, a dimension, `build` (make the variables) and `encode`.
 * Everything else has a default. Example: `examples/subclass-a-backbone`.
 */
export abstract class Backbone {
  readonly specVersion = 'v1';
  abstract readonly id: string;
  /** D. */
  abstract readonly dimension: number;
  /** Histories are cut to their newest `maxLength` items. */
  readonly maxLength: number = 50;
  /** True: short histories beside long ones cost it nothing, so a step is one batch, not several of like length. */
  readonly mixesLengths: boolean = false;
  /** `encode` reads when items were taken, `Batch.times`. True needs data with real timestamps in training. */
  readonly readsTimes: boolean = false;
  /** Its weights belong to attributes: a saved one is refused where the data has others. Default: where it needs some. */
  get readsAttributes(): boolean {
    return this.capabilities.attributes;
  }

  readonly capabilities: BackboneCapabilities = defaultBackboneCapabilities;
  protected context!: BackboneContext;
  private items!: ItemVectors;

  /** Asynchronous start: reads files, connects to a service. Called once, before `initialize`. Default: nothing. */
  async open(_context: OpenContext): Promise<void> {}

  /**
   * Called once by the framework, after `open`.
   * @throws UsageError where the data lacks what the capabilities say is needed
   * @throws CocoError where `dimension` or `maxLength` is no whole number from 1, or `build` makes variables by tf.variable
   */
  initialize(context: BackboneContext): void {
    demandData(this, context.dataset);
    demandSizes(this);
    this.context = context;
    demandListed(this.id, context.parameters, () => {
      this.items = this.buildItemVectors(context);
      this.build(context.parameters, context);
    });
  }

  /** Makes the variables, each by `parameters.variable(name, shape, initializer)`. */
  protected abstract build(parameters: Parameters, context: BackboneContext): void;

  /** Makes the item vectors. Default: a table [V+1, D], N(0, .02). */
  protected buildItemVectors({ parameters, itemCount }: BackboneContext): ItemVectors {
    return new TableItemVectors(parameters.variable('items', [itemCount + 1, this.dimension], normal(0.02)));
  }

  /** The backbone's own item vectors, before any fusion. */
  itemVectors(): ItemVectors {
    return this.items;
  }

  /** Asynchronous work of a batch, done before the gradient tape. The default puts ids and mask on the engine. */
  async prepare(batch: Batch): Promise<PreparedBatch> {
    return toEngine(batch);
  }

  /**
   * The states of all positions. Runs inside `tf.tidy` and, in training, inside the gradient tape.
   * @returns [B, T, D]; anything else is refused with a CocoError that tells its shape
   */
  abstract encode(batch: PreparedBatch, items: ItemVectors, pass: Pass): tf.Tensor3D;

  /** The states of the batch's rows, on the same terms as `encode`. Default: picked from what `encode` returns. */
  encodeRows(batch: PreparedBatch, items: ItemVectors, pass: Pass): EncodedRows {
    const states = this.encode(batch, items, pass); // [B, T, D]
    const { batchSize: B, length: T } = batch;
    demandShape(states, { B, T, D: this.dimension }, `Backbone "${this.id}": encode`);
    return { states, h: rowsOf(states, batch.rows) };
  }

  /** What stands in the dot product for a state h: normalisation, temperature. Default: h. @returns [P, D] */
  scoredState(h: tf.Tensor2D): tf.Tensor2D {
    return h;
  }

  /** Scores of the items `from` (with) to `to` (without). Default: scoredState(h) · item. @returns [P, to - from] */
  scores(h: tf.Tensor2D, items: ItemVectors, from: number, to: number): tf.Tensor2D {
    const state = this.scoredState(h);
    const turned = items.turnedBlock?.(from, to);
    return turned ? tf.matMul(state, turned) : tf.matMul(state, items.block(from, to), false, true);
  }

  /** Loss of each row; inside the tape. Default: the loss of the config. @returns [P] */
  rowLoss(h: tf.Tensor2D, rows: Rows, items: ItemVectors, pass: Pass): tf.Tensor1D {
    return this.context.loss(this.scoredState(h), rows, items, pass);
  }

  /** Which rows of a sequence are trained on. Default: the next item at every position. */
  rowSampler(): RowSampler | undefined {
    return undefined;
  }

  /** What it trains on. Default: each user's whole history. */
  sequences(): SequenceKind {
    return 'histories';
  }

  /** Stages before the main training, such as pre-training. Default: none. */
  stages(): readonly Stage[] {
    return [];
  }

  /** What the result says of it: counts of what was matched, assumptions as warnings. Default: nothing. */
  report(): ImportReport | undefined {
    return undefined;
  }

  /** Paths of files that it needs besides its parameters, such as vectors; a saved model keeps their hashes. Default: none. */
  externalFiles(): readonly string[] {
    return [];
  }

  /**
   * Whether it can say anything of a user after so many interactions, for whoever asks for recommendations. Default: yes.
   * @param user index in the data set, −1: nobody in particular
   */
  knows(_user: number, _interactions: number): boolean {
    return true;
  }

  /** Frees what is not in `parameters`. */
  dispose(): void {}
}

/** Item vectors, causal states at every position, weights that learn. */
export const defaultBackboneCapabilities: BackboneCapabilities = {
  itemVectors: true,
  readsItemVectors: true,
  perPositionStates: true,
  causal: true,
  frozen: false,
  attributes: false,
  timestamps: false,
};

/** @throws UsageError where the data lacks what the capabilities say is needed */
export function demandData({ id, capabilities }: Backbone, { attributes, realTimes }: Dataset): void {
  const lacks = [
    ...(capabilities.attributes && !attributes ? ['item attributes'] : []),
    ...(capabilities.timestamps && !realTimes ? ['real timestamps'] : []),
  ];
  if (lacks.length === 0) return;
  throw new UsageError(
    `Backbone "${id}" needs ${lacks.join(' and ')}; the data set has none. Which columns hold them is set in "data".`,
  );
}

/** @throws CocoError where a subclass forgot a size, or set it too late */
function demandSizes({ id, dimension, maxLength }: Backbone): void {
  for (const [name, size] of Object.entries({ dimension, maxLength })) {
    if (Number.isInteger(size) && size > 0) continue;
    throw new CocoError(
      `Backbone "${id}": "${name}" is ${size}; it should be a whole number from 1, set before "initialize".`,
    );
  }
}

/** @throws CocoError where `build` makes a variable that `parameters` does not know */
function demandListed(id: string, parameters: Parameters, build: () => void): void {
  const made = (): tf.Variable[] => Object.values(tf.engine().registeredVariables);
  const before = new Set(made());
  build();
  const listed = new Set(parameters.entries().map(({ variable }) => variable));
  const strays = made().filter((variable) => !before.has(variable) && !listed.has(variable));
  if (strays.length === 0) return;
  const shapes = strays.map(({ shape }) => `[${shape.join(', ')}]`).join(', ');
  tf.dispose(strays);
  throw new CocoError(
    `Backbone "${id}": "build" made variables by itself (${shapes}), which would be neither trained nor saved. Make them ` +
      'by parameters.variable(name, shape, initializer).',
  );
}

function toEngine(batch: Batch): PreparedBatch {
  const { batchSize, length, items, lengths } = batch;
  const mask = new Float32Array(batchSize * length);
  for (let b = 0; b < batchSize; b++) mask.fill(1, b * length, b * length + lengths[b]);
  return {
    ...batch,
    itemIds: tf.tensor2d(items, [batchSize, length], 'int32'),
    mask: tf.tensor2d(mask, [batchSize, length], 'float32'),
  };
}

/** Frees the tensors of a prepared batch. */
export function disposeBatch(batch: PreparedBatch): void {
  batch.itemIds.dispose();
  batch.mask.dispose();
  if (batch.extra) tf.dispose(batch.extra);
}
