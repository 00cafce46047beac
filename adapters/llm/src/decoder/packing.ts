import * as tf from '@tensorflow/tfjs-core';
import { customOp } from '@coco-rec/core';

/**
 * The vectors of B rows one after another, without padding, as the decoder's matrix products read them. Only attention
 * needs rows of one length.
 */
export class Packing {
  /** [N] place of each valid vector among the B·T. */
  readonly places: Int32Array;
  /** [B·T] number of the vector at each place, N at padding; undefined where nothing is padded. */
  private readonly sources?: Int32Array;

  /** @param lengths [B] valid vectors of each row, padding on the right; undefined: all T. An empty row counts as one. */
  constructor(
    /** B. */
    readonly rows: number,
    /** T. */
    readonly length: number,
    lengths?: ArrayLike<number>,
  ) {
    const valid = (b: number): number => Math.max(1, Math.min(length, lengths?.[b] ?? length));
    let count = 0;
    for (let b = 0; b < rows; b++) count += valid(b);
    this.places = new Int32Array(count);
    const sources = new Int32Array(rows * length).fill(count);
    let n = 0;
    for (let b = 0; b < rows; b++) {
      for (let t = 0; t < valid(b); t++, n++) {
        this.places[n] = b * length + t;
        sources[b * length + t] = n;
      }
    }
    if (count < rows * length) this.sources = sources;
  }

  /** @param x [B·T, W] @returns [N, W] */
  pack<T extends tf.Tensor>(x: T): T {
    if (!this.sources) return x;
    return customOp(
      { x },
      () => this.take(x) as T,
      (dy) => ({ x: () => this.spread(dy) }),
    );
  }

  /** Back to rows of length T, zeros at padding. @param x [N, W] @returns [B·T, W] */
  unpack<T extends tf.Tensor>(x: T): T {
    if (!this.sources) return x;
    return customOp(
      { x },
      () => this.spread(x) as T,
      (dy) => ({ x: () => this.take(dy) }),
    );
  }

  private take(x: tf.Tensor): tf.Tensor {
    return tf.tidy(() => tf.gather(x, tf.tensor1d(this.places, 'int32')));
  }

  private spread(x: tf.Tensor): tf.Tensor {
    return tf.tidy(() => {
      const withZero = tf.concat([x, tf.zeros([1, x.shape[1] as number])], 0); // [N + 1, W]
      return tf.gather(withZero, tf.tensor1d(this.sources as Int32Array, 'int32'));
    });
  }
}
