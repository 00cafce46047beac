import * as tf from '@tensorflow/tfjs-core';

/** Softmax over many items without the [P, V] matrix; the inside of `linearCrossEntropy`. W is D, or D + 1 with a bias. */
export interface SoftmaxProblem {
  /** [P, W]: the states, with a column of ones where there is a bias. */
  readonly states: tf.Tensor2D;
  /** [V, W]: the items that take part, with the bias as a column. */
  readonly items: tf.Tensor2D;
  /** [P], subtracted from a row's logits so that their exponentials stay in range. */
  readonly shifts: tf.Tensor1D;
}

export interface BlockOptions {
  /** Also compute `means` and `itemGradient`. */
  readonly withGradient: boolean;
  /** Take each row's largest logit as its shift: one pass more, and never out of range. */
  readonly exact?: boolean;
  /** [P], weights of the rows in `itemGradient`. Default 1. */
  readonly weights?: tf.Tensor1D;
}

export interface BlockResult {
  /** [P], Σ over items of exp(logit − shift). */
  readonly sums: tf.Tensor1D;
  /** [P] */
  readonly shifts: tf.Tensor1D;
  /** [P, W], Σ over items of probability · item. */
  readonly means?: tf.Tensor2D;
  /** [V, W], Σ over rows of weight · probability · state. */
  readonly itemGradient?: tf.Tensor2D;
}

/**
 * Logits of a block of rows: 24 MB. Blocks that fit a core's own cache (3 MB) save little on memory and make narrow
 * matrix products, which run at half the rate.
 */
const blockElements = 6 * 2 ** 20;
/** Gradients of this many blocks are added at a time. */
const addedAtOnce = 4;

/**
 * Goes through the rows in blocks. While a block's exponentials are there, its share of the gradients is computed as
 * well. The shift and the sum ride in the matrix products as a column more, so the exponential is the only
 * element-wise pass.
 */
export function softmaxBlocks(problem: SoftmaxProblem, options: BlockOptions): BlockResult {
  const { states, items, shifts } = problem;
  const { exact, weights, withGradient } = options;
  const [count, width] = states.shape;
  const wide = tf.concat2d([items, tf.ones<tf.Rank.R2>([items.shape[0], 1])], 1); // [V, W + 1]
  const turned = tf.transpose(wide); // [W + 1, V]
  const sizes = blockSizes(count, items.shape[0]);
  const minusShifts = exact ? tf.zeros([count, 1]) : tf.neg(tf.reshape(shifts, [count, 1])); // [P, 1]
  const queries = tf.split(tf.concat([states, minusShifts], 1), sizes); // [rows, W + 1] each
  const weighted = weights ? tf.mul(states, tf.reshape(weights, [count, 1])) : states;
  const rows = withGradient ? tf.split(weighted, sizes) : []; // [rows, W] each
  const gradients = new Sum();
  const blocks = queries.map((query, i) => {
    const block = tf.tidy(() => runBlock(wide, turned, query as tf.Tensor2D, rows[i], exact));
    if (block.itemGradient) gradients.add(block.itemGradient);
    return block;
  });
  const found = exact
    ? tf.concat(
        blocks.map((block) => block.shifts as tf.Tensor),
        1,
      )
    : shifts; // [P] or [1, P]
  const products = tf.concat(
    blocks.map((block) => block.products),
    1,
  ); // [W + 1 or 1, P]; the last row is the sums
  const last = tf.slice(products, [withGradient ? width : 0, 0], [1, count]); // [1, P]
  const vectors = { sums: tf.reshape(last, [count]), shifts: tf.reshape(found, [count]) } as Pick<
    BlockResult,
    'sums' | 'shifts'
  >;
  if (!withGradient) return vectors;
  const totals = tf.slice(products, [0, 0], [width, count]); // [W, P]
  return { ...vectors, means: tf.transpose(tf.div(totals, last)), itemGradient: gradients.total() };
}

type Block = {
  /** [W + 1, rows], exponentials times items, and their sums; without gradient [1, rows], the sums. */
  readonly products: tf.Tensor2D;
  /** [1, rows], only where exact. */
  readonly shifts?: tf.Tensor2D;
  /** [V, W] */
  readonly itemGradient?: tf.Tensor2D;
};

function runBlock(
  wide: tf.Tensor2D,
  turned: tf.Tensor2D,
  query: tf.Tensor2D,
  states: tf.Tensor | undefined,
  exact = false,
): Block {
  const [size, width] = query.shape;
  const logits = tf.matMul<tf.Tensor2D>(wide, query, false, true); // [V, rows]
  const shifts = exact ? tf.max<tf.Tensor2D>(logits, 0, true) : undefined; // [1, rows]
  const exponentials = tf.exp(shifts ? tf.sub<tf.Tensor2D>(logits, shifts) : logits); // [V, rows]
  if (!states) return { products: tf.sum<tf.Tensor2D>(exponentials, 0, true), shifts };
  const products = tf.matMul<tf.Tensor2D>(turned, exponentials); // [W + 1, rows]
  const sums = tf.reshape(tf.slice(products, [width - 1, 0], [1, size]), [size, 1]); // [rows, 1]
  const shares = tf.div<tf.Tensor2D>(states, sums); // [rows, W]
  return { products, shifts, itemGradient: tf.matMul<tf.Tensor2D>(exponentials, shares) };
}

/** Rows of each block; at least 16, since narrow products are slow. */
function blockSizes(count: number, itemCount: number): number[] {
  const size = Math.max(16, Math.floor(blockElements / itemCount / 16) * 16);
  const sizes = new Array<number>(Math.floor(count / size)).fill(size);
  return count % size > 0 || count === 0 ? [...sizes, count % size] : sizes;
}

/** Adds tensors a few at a time, which touches memory half as often as one at a time. */
class Sum {
  private parts: tf.Tensor2D[] = [];

  add(part: tf.Tensor2D): void {
    this.parts.push(part);
    if (this.parts.length > addedAtOnce) this.parts = [this.total()];
  }

  total(): tf.Tensor2D {
    const { parts } = this;
    if (parts.length === 1) return parts[0];
    const total = tf.addN(parts);
    tf.dispose(parts);
    return total;
  }
}
