import * as tf from '@tensorflow/tfjs-core';
import { IsInt, IsNumber, Min } from 'class-validator';
import {
  Backbone,
  type BackboneCapabilities,
  Describe,
  type ImportReport,
  type ItemVectors,
  type OpenContext,
  type PreparedBatch,
  TableItemVectors,
  defaultBackboneCapabilities,
  timeText,
} from '@coco-rec/core';

/** A model that was trained elsewhere: its states are what they are, and do not depend on a fusion's item vectors. */
export const frozenCapabilities: BackboneCapabilities = {
  ...defaultBackboneCapabilities,
  readsItemVectors: false,
  frozen: true,
};

/** Keys that all models from elsewhere have. */
export class FrozenConfig {
  @Describe('Histories are cut to their newest items.')
  @IsInt()
  @Min(1)
  maxLength = 50;

  @Describe(
    'Scores are dot products times this: unit vectors want some 10 or 20, as a softmax of small numbers is flat.',
  )
  @IsNumber()
  @Min(1e-6)
  scale = 1;
}

/** What was found for the items of the data set. */
export interface ItemTable {
  /** [(V + 1)·D], zero for padding and for items without a vector. */
  readonly values: Float32Array;
  readonly dimension: number;
}

/** What the frozen models share: a fixed item table, states that `prepare` brings along, and a report. */
export abstract class FrozenBackbone extends Backbone {
  override readonly capabilities = frozenCapabilities;
  override readonly maxLength: number;
  protected readonly counts: Record<string, number> = {};
  protected readonly warnings: string[] = [];
  private table?: tf.Tensor2D;

  constructor(private readonly common: FrozenConfig) {
    super();
    this.maxLength = common.maxLength;
  }

  /** D; known once it is open. */
  get dimension(): number {
    return this.table?.shape[1] ?? 0;
  }

  override async open(context: OpenContext): Promise<void> {
    const { values, dimension } = await this.load(context).catch((error: unknown) => {
      this.dispose();
      throw error;
    });
    this.warnings.push(...zeroVectors(values, dimension, this.counts['items without a vector'] ?? 0));
    this.table = tf.tensor2d(values, [context.dataset.itemCount + 1, dimension]);
    const { rule } = context;
    if (rule.kind === 'global-time') {
      this.warnings.push(
        `Not checked: the model must have learned from nothing at or after ${timeText(rule.validationFrom)}, of whichever ` +
          'user. If it has, the figures are worthless.',
      );
    }
    for (const warning of this.warnings) context.progress.log(`${this.id}: ${warning}`);
  }

  /** Reads whatever there is to read, counts, and gives the item vectors. */
  protected abstract load(context: OpenContext): Promise<ItemTable>;

  protected build(): void {}

  protected override buildItemVectors(): ItemVectors {
    return new TableItemVectors(this.table as tf.Tensor2D);
  }

  encode({ extra }: PreparedBatch): tf.Tensor3D {
    return extra?.states as tf.Tensor3D; // [B, T, D]
  }

  override scoredState(h: tf.Tensor2D): tf.Tensor2D {
    return tf.mul(h, this.common.scale); // [P, D]
  }

  override report(): ImportReport {
    return { counts: this.counts, warnings: this.warnings };
  }

  override dispose(): void {
    this.table?.dispose();
    this.table = undefined;
  }
}

/** The paths that a config gives. */
export const named = (...paths: readonly (string | undefined)[]): string[] =>
  paths.filter((path) => path !== undefined);

/** Puts states that were made before the tape beside a batch. @param states [B·T·D] */
export function withStates(batch: PreparedBatch, states: Float32Array, dimension: number): PreparedBatch {
  const { batchSize, length } = batch;
  return { ...batch, extra: { states: tf.tensor3d(states, [batchSize, length, dimension]) } };
}

/** Says how many items have a vector that is zero, beside those that have none. */
function zeroVectors(values: Float32Array, dimension: number, without: number): string[] {
  let zeros = -1 - without; // padding
  for (let at = 0; at < values.length; at += dimension)
    if (values.subarray(at, at + dimension).every((value) => value === 0)) zeros++;
  return zeros > 0 ? [`${zeros} items have a vector of zeros: their score is 0 for everybody.`] : [];
}
