/**
 * Alignment (eq. 7): the user state asks, the tokens [h_RS; h_pure], passed through one MLP as keys and values, answer.
 * h_aligned = h_RS + g ⊙ x with a gate g ∈ R^D from 0, so that a fused model starts as its backbone; the paper's literal
 * form, in which x replaces h_RS, by config. Query and tokens are RMS-normalised, so that a backbone of any scale fits.
 */
import * as tf from '@tensorflow/tfjs-core';
import { type Parameters, attention, constant, gelu, identity, linear, xavier } from '@coco-rec/core';
import { prefixMask, unitScale } from '../row-ops.js';
import { gateOptions, meanAbsolute } from '../text-item-vectors.js';
import type { PureKnowledge } from './decouple.js';
import type { AlignConfig } from './groups.js';

/** Histories of this length have the length feature 1. */
const longHistory = 50;

export class Align {
  private readonly query: tf.Variable;
  private readonly inner: tf.Variable;
  private readonly innerBias: tf.Variable;
  private readonly outer: tf.Variable;
  private readonly outerBias: tf.Variable;
  private readonly output: tf.Variable;
  /** g; undefined where x replaces the state. */
  private readonly gate?: tf.Variable;
  private readonly lengthGate?: tf.Variable;

  /** @param settings its `heads` divide the dimension */
  constructor(
    parameters: Parameters,
    dimension: number,
    private readonly settings: Required<AlignConfig>,
  ) {
    const square = [dimension, dimension];
    const bias = { weightDecay: false };
    this.query = parameters.variable('query', square, identity);
    this.inner = parameters.variable('inner', square, xavier);
    this.innerBias = parameters.variable('innerBias', [dimension], constant(0), bias);
    this.outer = parameters.variable('outer', square, xavier);
    this.outerBias = parameters.variable('outerBias', [dimension], constant(0), bias);
    this.output = parameters.variable('output', square, xavier);
    if (!settings.residual) return;
    this.gate = parameters.variable('gate', [dimension], constant(0), gateOptions);
    if (settings.lengthGate) {
      this.lengthGate = parameters.variable('lengthGate', [dimension], constant(0), gateOptions);
    }
  }

  /**
   * @param h h_RS [P', D] @param lengths items that each row sees [P']
   * @returns what is added to h_RS, so that h_aligned = h_RS + it. [P', D]
   */
  run(h: tf.Tensor2D, pure: PureKnowledge, lengths: Int32Array): tf.Tensor2D {
    const x = this.attend(h, pure);
    if (!this.gate) return tf.sub(x, h);
    if (!this.lengthGate) return tf.mul(x, this.gate);
    const features = tf.tensor2d(lengthFeatures(lengths), [lengths.length, 1]);
    const gate = tf.add(this.gate, tf.mul(features, this.lengthGate)); // [P', D]
    return tf.mul(x, gate);
  }

  private attend(h: tf.Tensor2D, { tokens, counts }: PureKnowledge): tf.Tensor2D {
    const [P, D] = h.shape;
    const A = this.settings.heads;
    const own = unitScale(h); // [P', D]
    const all = tf.concat3d([tf.reshape(own, [P, 1, D]), unitScale(tokens)], 1); // [P', 1 + Q, D]
    const length = all.shape[1];
    const hidden = gelu(linear(all, this.inner, this.innerBias));
    const values = linear(hidden, this.outer, this.outerBias); // [P', 1 + Q, D]
    const split = tf.reshape(values, [P, length, A, D / A]);
    const byHead = tf.transpose(split as tf.Tensor4D, [0, 2, 1, 3]); // [P', A, 1 + Q, D / A]
    const query = tf.reshape(linear(own, this.query), [P, A, 1, D / A]) as tf.Tensor4D;
    const mask = prefixMask(
      counts.map((count) => count + 1),
      length,
    );
    const mixed = attention(query, byHead, byHead, { mask }); // [P', A, 1, D / A]
    return linear(tf.reshape(mixed, [P, D]), this.output);
  }

  /** Mean |g|, read from the engine; undefined where there is no gate. */
  gateSize(): number | undefined {
    return this.gate && meanAbsolute(this.gate.dataSync());
  }

  /** True while every gate is 0, so that fusing changes nothing. */
  isClosed(): boolean {
    const zero = (gate: tf.Variable | undefined): boolean =>
      !gate || gate.dataSync().every((value) => value === 0);
    return this.settings.residual && zero(this.gate) && zero(this.lengthGate);
  }
}

/** log(1 + n), 1 for a long history. */
function lengthFeatures(lengths: Int32Array): Float32Array {
  return Float32Array.from(lengths, (n) => Math.log(1 + n) / Math.log(1 + longHistory));
}
