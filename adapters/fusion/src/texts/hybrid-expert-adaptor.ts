/**
 * KAR's hybrid-expert adaptor (Xi et al. 2024, section 3.3): experts turn vectors of text, which are wide and were made
 * for language, into narrow ones for the recommender. Shared experts serve both sides, specific experts one; each side
 * has its own gate, softmax(x W_g) over the experts it sees. R4ec uses the same adaptor.
 */
import * as tf from '@tensorflow/tfjs-core';
import { type Parameters, constant, linear, relu, xavier } from '@coco-rec/core';

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

/** Two linear layers, relu between them. */
interface Expert {
  readonly inner: tf.Variable;
  readonly innerBias: tf.Variable;
  readonly outer: tf.Variable;
  readonly outerBias: tf.Variable;
}

/** One side: its gate over the shared experts and its own. */
class Side {
  private readonly gate: tf.Variable;
  private readonly experts: readonly Expert[];

  constructor(
    parameters: Parameters,
    width: number,
    shared: readonly Expert[],
    private readonly sizes: AdaptorSizes,
    learningRateScale = 1,
  ) {
    const specific = makeExperts(parameters, width, sizes.specificExperts, sizes, learningRateScale);
    this.experts = [...shared, ...specific];
    this.gate = parameters.variable('gate', [width, this.experts.length], xavier, { learningRateScale });
  }

  /**
   * The sum over experts of gate × expert, all E experts by one product each way: Σ g (hidden · outer + bias) is
   * (g hidden) · outers + g · biases.
   * @param x [N, w] @returns [N, expertWidth]
   */
  apply(x: tf.Tensor2D): tf.Tensor2D {
    const { experts, sizes } = this;
    const [N, E, hiddenWidth] = [x.shape[0], experts.length, sizes.expertHidden];
    const all = (of: (expert: Expert) => tf.Tensor, axis: number): tf.Tensor =>
      tf.concat(experts.map(of), axis);
    const weights = tf.softmax(linear(x, this.gate)); // [N, E]
    const inner = all((expert) => expert.inner, 1); // [w, E · hidden]
    const hidden = relu(
      linear(
        x,
        inner,
        all((expert) => expert.innerBias, 0),
      ),
    ); // [N, E · hidden]
    const gated = tf.mul(tf.reshape(hidden, [N, E, hiddenWidth]), tf.expandDims(weights, 2)); // [N, E, hidden]
    const outer = all((expert) => expert.outer, 0); // [E · hidden, expertWidth]
    const biases = tf.stack(experts.map((expert) => expert.outerBias)); // [E, expertWidth]
    return tf.add(
      linear(tf.reshape(gated, [N, E * hiddenWidth]) as tf.Tensor2D, outer),
      linear(weights, biases),
    ); // [N, expertWidth]
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
  { expertHidden, expertWidth }: AdaptorSizes,
  learningRateScale = 1,
): Expert[] {
  const map = { learningRateScale };
  const bias = { weightDecay: false, learningRateScale };
  return Array.from({ length: count }, (_, n) => {
    const own = parameters.scope(`expert${n}`);
    return {
      inner: own.variable('inner', [width, expertHidden], xavier, map),
      innerBias: own.variable('innerBias', [expertHidden], constant(0), bias),
      outer: own.variable('outer', [expertHidden, expertWidth], xavier, map),
      outerBias: own.variable('outerBias', [expertWidth], constant(0), bias),
    };
  });
}
