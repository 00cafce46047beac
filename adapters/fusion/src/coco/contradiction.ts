/**
 * Learning from contradiction (eq. 8, 9). M = 1 marks a row whose aligned state is nearer to the target than the
 * backbone's own; what such a row does not teach is the config's `scope`. M is known after the forward pass only, so it
 * is read when the backward pass starts; it is never differentiated.
 */
import * as tf from '@tensorflow/tfjs-core';
import { customOp } from '@coco-rec/core';
import { dot } from '../linear-algebra.js';

/** M of the rows of one step. */
export class RowMask {
  /** [P'] 1 where knowledge helped; all 0 until `set`. */
  values: Float32Array;

  constructor(readonly count: number) {
    this.values = new Float32Array(count);
  }

  set(values: Float32Array): void {
    this.values = values;
  }

  /** Sequences that have a row with M = 0. @param sequenceOf [P'] */
  learning(sequenceOf: Int32Array): Int32Array {
    const sequences = new Set<number>();
    sequenceOf.forEach((s, p) => {
      if (this.values[p] === 0) sequences.add(s);
    });
    return Int32Array.from(sequences).sort();
  }

  /** The other way round: sequences that have a row with M = 1. */
  helped(sequenceOf: Int32Array): Int32Array {
    const sequences = new Set<number>();
    sequenceOf.forEach((s, p) => {
      if (this.values[p] === 1) sequences.add(s);
    });
    return Int32Array.from(sequences).sort();
  }

  /** Share of M = 1. */
  get share(): number {
    return this.count > 0 ? this.values.reduce((a, b) => a + b, 0) / this.count : 0;
  }

  /** Scales a gradient row by row: by 1 − M, or by M. @param dy [P', …] */
  keep(dy: tf.Tensor, helped = false): tf.Tensor {
    const weights = helped ? this.values : this.values.map((m) => 1 - m);
    return tf.mul(dy, tf.tensor(weights, [this.count, ...dy.shape.slice(1).map(() => 1)]));
  }
}

/**
 * M of each row (eq. 8): 1 where cos(aligned, target) > cos(own, target).
 * @param aligned [P', D] @param own [P', D] @param targets item vectors [P', D] @returns [P']
 */
export function helpedRows(aligned: tf.Tensor2D, own: tf.Tensor2D, targets: tf.Tensor2D): Float32Array {
  const [P, D] = aligned.shape;
  const [a, h, v] = [aligned, own, targets].map((x) => x.dataSync<'float32'>());
  return Float32Array.from({ length: P }, (_, p) => {
    const row = (x: Float32Array): Float32Array => x.subarray(p * D, (p + 1) * D);
    // |v_t| is common to both sides.
    const along = (x: Float32Array): number => dot(row(x), row(v)) / Math.sqrt(dot(row(x), row(x)) || 1);
    return along(a) > along(h) ? 1 : 0;
  });
}

/** sg(M ⊙ x) + (1 − M) ⊙ x (eq. 9). @param x [P', D] */
export function stopHelped(x: tf.Tensor2D, mask: RowMask): tf.Tensor2D {
  return customOp(
    { x },
    () => tf.clone(x),
    (dy) => ({ x: () => mask.keep(dy) }),
  );
}
