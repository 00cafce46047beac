/**
 * KAR's hybrid-expert adaptor (Xi et al. 2024, section 3.3): experts turn vectors of text, which are wide and were made
 * for language, into narrow ones for the recommender. Shared experts serve both sides, specific experts one; each side
 * has its own gate, softmax(x W_g) over the experts it sees. R4ec uses the same adaptor.
 */
import * as tf from '@tensorflow/tfjs-core';
import { type Parameters, constant, linear, xavier } from '@coco-rec/core';

export interface AdaptorSizes {
  /** Width of the text vectors of each side. */
  readonly userWidth: number;
  readonly itemWidth: number;
  readonly sharedExperts: number;
  readonly specificExperts: number;
  /** Hidden and output width of an expert. */
  readonly expertHidden: number;
  readonly expertWidth: number;
  /** Factor of the learning rate for what only users' texts teach. */
  readonly userRate: number;
}

class Expert {
  private readonly inner: tf.Variable;
  private readonly innerBias: tf.Variable;
  private readonly outer: tf.Variable;
  private readonly outerBias: tf.Variable;

  constructor(
    parameters: Parameters,
    width: number,
    { expertHidden, expertWidth }: AdaptorSizes,
    learningRateScale: number,
  ) {
    const bias = { weightDecay: false, learningRateScale };
    const map = { learningRateScale };
    this.inner = parameters.variable('inner', [width, expertHidden], xavier, map);
    this.innerBias = parameters.variable('innerBias', [expertHidden], constant(0), bias);
    this.outer = parameters.variable('outer', [expertHidden, expertWidth], xavier, map);
    this.outerBias = parameters.variable('outerBias', [expertWidth], constant(0), bias);
  }

  /** @param x [N, w] @returns [N, expertWidth] */
  apply(x: tf.Tensor2D): tf.Tensor2D {
    const hidden = tf.relu(linear(x, this.inner, this.innerBias)); // [N, expertHidden]
    return linear(hidden, this.outer, this.outerBias); // [N, expertWidth]
  }
}

/** One side: its gate over the shared experts and its own. */
class Side {
  private readonly gate: tf.Variable;
  private readonly experts: readonly Expert[];

  constructor(
    parameters: Parameters,
    width: number,
    shared: readonly Expert[],
    sizes: AdaptorSizes,
    learningRateScale = 1,
  ) {
    const specific = makeExperts(parameters, width, sizes.specificExperts, sizes, learningRateScale);
    this.experts = [...shared, ...specific];
    this.gate = parameters.variable('gate', [width, this.experts.length], xavier, { learningRateScale });
  }

  /** The sum over experts of gate × expert. @param x [N, w] @returns [N, expertWidth] */
  apply(x: tf.Tensor2D): tf.Tensor2D {
    const weights = tf.softmax(linear(x, this.gate)); // [N, E]
    const answers = tf.stack(
      this.experts.map((expert) => expert.apply(x)),
      1,
    ); // [N, E, expertWidth]
    return tf.sum(tf.mul(answers, tf.expandDims(weights, 2)), 1); // [N, expertWidth]
  }
}

export class HybridExpertAdaptor {
  private readonly users: Side;
  private readonly items: Side;

  constructor(parameters: Parameters, sizes: AdaptorSizes) {
    const { userWidth, itemWidth, sharedExperts } = sizes;
    const width = Math.max(userWidth, itemWidth);
    const shared = makeExperts(parameters.scope('shared'), width, sharedExperts, sizes);
    this.users = new Side(parameters.scope('user'), width, shared, sizes, sizes.userRate);
    this.items = new Side(parameters.scope('item'), width, shared, sizes);
    this.width = width;
  }

  private readonly width: number;

  /** @param x vectors of the users' texts [N, w] @returns [N, expertWidth] */
  user(x: tf.Tensor2D): tf.Tensor2D {
    return this.users.apply(this.widened(x));
  }

  /** @param x vectors of the items' texts [N, w] @returns [N, expertWidth] */
  item(x: tf.Tensor2D): tf.Tensor2D {
    return this.items.apply(this.widened(x));
  }

  /** Few texts span few dimensions; shared experts need one width. */
  private widened(x: tf.Tensor2D): tf.Tensor2D {
    const lacking = this.width - x.shape[1];
    return lacking > 0 ? tf.pad(x, [[0, 0], [0, lacking]]) : x; // prettier-ignore
  }
}

function makeExperts(
  parameters: Parameters,
  width: number,
  count: number,
  sizes: AdaptorSizes,
  learningRateScale = 1,
): Expert[] {
  return Array.from(
    { length: count },
    (_, n) => new Expert(parameters.scope(`expert${n}`), width, sizes, learningRateScale),
  );
}
