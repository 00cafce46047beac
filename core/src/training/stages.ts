import type { TrainConfig } from '../config/run-config.js';
import { UsageError } from '../errors.js';
import { nextItemRows } from '../data/row-samplers.js';
import type { Backbone } from '../specification/backbone.js';
import type { RowSampler, SequenceKind, Stage } from '../specification/stage.js';

/** A stage of the plan. Early stopping and validation act in the joint stage only (protocol: fair comparison). */
export interface PlannedStage {
  readonly name: string;
  readonly epochs: number;
  readonly rows: RowSampler;
  readonly sequences: SequenceKind;
  readonly loss?: Stage['loss'];
  /** The fusion takes part. */
  readonly fused: boolean;
}

/** The backbone's own stages, then the warm start (bare backbone), then the joint stage (with fusion). */
export function planStages(backbone: Backbone, config: TrainConfig): PlannedStage[] {
  const { frozen } = backbone.capabilities;
  if (frozen && config.warmEpochs) {
    throw new UsageError(
      `"train.warmEpochs" does nothing: backbone "${backbone.id}" has no weights that learn. Leave it out.`,
    );
  }
  const warmEpochs = config.warmEpochs ?? (frozen ? 0 : Math.floor(config.epochs / 2));
  if (warmEpochs > config.epochs) {
    throw new UsageError(
      `"train.warmEpochs" (${warmEpochs}) is larger than "train.epochs" (${config.epochs}).`,
    );
  }
  const rows = backbone.rowSampler() ?? nextItemRows;
  const sequences = backbone.sequences();
  const own = backbone.stages().map((stage) => ({
    name: stage.name,
    epochs: stage.epochs,
    rows: stage.rows ?? rows,
    sequences: stage.sequences ?? sequences,
    loss: stage.loss,
    fused: false,
  }));
  return [
    ...own,
    { name: 'warm', epochs: warmEpochs, rows, sequences, fused: false },
    { name: 'joint', epochs: config.epochs - warmEpochs, rows, sequences, fused: true },
  ];
}

/** Factor of the learning rate at a step (from 0) of a stage of `steps` steps. */
export function rateScale(config: TrainConfig, step: number, steps: number): number {
  const rise = config.warmupSteps > 0 ? Math.min(1, (step + 1) / config.warmupSteps) : 1;
  if (config.schedule === 'constant') return rise;
  return rise * (0.1 + 0.45 * (1 + Math.cos((Math.PI * step) / Math.max(1, steps))));
}

/** Says that a stage is over before its rate has risen. @param steps of an epoch */
export function warmupNote(
  { warmupSteps }: TrainConfig,
  { name, epochs }: PlannedStage,
  steps: number,
): string | undefined {
  if (epochs * steps >= warmupSteps) return undefined;
  return (
    `The learning rate rises over ${warmupSteps} steps ("train.warmupSteps"), but the stage ${name} has ${epochs * steps}: ` +
    'it never gets there.'
  );
}

/** Epochs in which the default decay takes a weight down to 1/e, and the largest decay it asks for. */
const epochsOfMemory = 2.5;
const largestDecay = 3;

/**
 * The weight decay of an epoch: as given, or so that it acts over a fixed number of epochs, whatever the size of the data,
 * which is how AdamW's best decay moves (Wang and Aitchison 2024, arXiv 2405.13698). 2.5 epochs suit Beauty and the shop.
 * @param steps of an epoch
 */
export function weightDecayOf({ weightDecay, learningRate }: TrainConfig, steps: number): number {
  return weightDecay ?? Math.min(largestDecay, 1 / (epochsOfMemory * steps * learningRate));
}
