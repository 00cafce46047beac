/** What a layers model has to do is tried out when it is opened, so that no training starts that cannot go on. */
import * as tf from '@tensorflow/tfjs-core';
import { CocoError, disposeTape } from '@coco-rec/core';
import type { LayersModel } from './layers-model.js';
import { reasonOf } from './reason-of.js';

/** A model that maps [B, T, D] to [B, T, D]. */
export interface Candidate {
  readonly id: string;
  readonly model: LayersModel;
  /** D. */
  readonly width: number;
}

/** Items of the history that is tried. */
const length = 4;

/** @throws CocoError if a weight is not finite, or the model fails, looks ahead or has no gradient */
export function tryOut(candidate: Candidate): void {
  demandFiniteWeights(candidate);
  demandCausal(candidate);
  demandGradient(candidate);
}

function demandFiniteWeights({ id, model }: Candidate): void {
  for (const weight of [...model.trainableWeights, ...model.nonTrainableWeights]) {
    const values = weight.read().dataSync();
    const at = values.findIndex((value) => !Number.isFinite(value));
    if (at < 0) continue;
    throw new CocoError(
      `The layers model of "${id}" has a weight that is not finite: number ${at + 1} of "${weight.originalName}" is ` +
        `${values[at]}; use a model whose weights are all finite.`,
    );
  }
}

/** The state at a position must not change with what comes after it. */
function demandCausal(candidate: Candidate): void {
  const { id, width: D } = candidate;
  const difference = tf.tidy(() => {
    const values = historyOf(D);
    const changed = values.map((value, i) => (i < 2 * D ? value : -value)); // from the third position on
    const early = (input: Float32Array): tf.Tensor =>
      tf.slice(statesOf(candidate, input), [0, 0, 0], [1, 2, D]);
    const [one, other] = [early(values), early(changed)].map((states) => states.dataSync<'float32'>());
    return one.reduce((most, value, i) => Math.max(most, Math.abs(value - other[i])), 0);
  });
  if (difference <= 1e-5) return;
  if (!Number.isFinite(difference)) {
    throw new CocoError(
      `The layers model of "${id}" gives states that are not finite on a history of ${length} items; use one whose ` +
        'numbers stay finite.',
    );
  }
  throw new CocoError(
    `The layers model of "${id}" looks ahead: its state at a position changes with later items. Use layers that ` +
      'read from left to right, no bidirectional ones.',
  );
}

/** States as in training. @throws CocoError if a layer fails */
function statesOf({ id, model, width }: Candidate, values: Float32Array): tf.Tensor {
  try {
    return model.apply(tf.tensor3d(values, [1, length, width]), { training: false }) as tf.Tensor;
  } catch (error) {
    throw new CocoError(
      `The layers model of "${id}" failed on a history of ${length} items (${reasonOf(error)}).`,
      { cause: error },
    );
  }
}

/** Training needs the gradient of the states, by the item vectors and by the weights. */
function demandGradient({ id, model, width }: Candidate): void {
  const vectors = tf.tidy(() => tf.variable(tf.tensor3d(historyOf(width), [1, length, width])));
  const weights = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
  const total = (): tf.Scalar => tf.sum(model.apply(vectors, { training: false }) as tf.Tensor);
  try {
    tf.tidy(() => void tf.variableGrads(total, [vectors, ...weights]));
  } catch (error) {
    disposeTape();
    throw new CocoError(
      `The layers model of "${id}" cannot be trained here: the gradient of its states failed on a history of ${length} ` +
        `items (${reasonOf(error)}). Use layers that have a gradient; a masking layer is not needed, as padding comes ` +
        'after the items, where no state of theirs sees it.',
      { cause: error },
    );
  } finally {
    vectors.dispose();
  }
}

const historyOf = (width: number): Float32Array =>
  Float32Array.from({ length: length * width }, (_, i) => Math.sin(1 + i));
