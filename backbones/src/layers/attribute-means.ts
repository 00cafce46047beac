import * as tf from '@tensorflow/tfjs-core';
import { type ItemAttributes, type Parameters, gatherRows, normal } from '@coco-rec/core';

/** The mean of each item's attribute vectors; 0 for an item without attributes. */
export class AttributeMeans {
  /** [A + 1, D]; row 0 stands for none. */
  private readonly vectors: tf.Variable;
  /** F: the most attributes that an item has. */
  private readonly width: number;
  /** Attributes of each item, 0 after its last. [V + 1, F] */
  private readonly ids: Int32Array;
  /** 1 over an item's number of attributes, 0 after its last. [V + 1, F] */
  private readonly shares: Float32Array;

  /** Weights N(0, deviation). @param count V + 1 */
  constructor(
    parameters: Parameters,
    attributes: ItemAttributes,
    private readonly count: number,
    { dimension, deviation }: { dimension: number; deviation: number },
  ) {
    const { offsets, values } = attributes;
    const own = (item: number): Int32Array => values.subarray(offsets[item], offsets[item + 1]);
    const items = Array.from({ length: count }, (_, item) => item);
    this.width = items.reduce((most, item) => Math.max(most, own(item).length), 1);
    this.ids = new Int32Array(count * this.width);
    this.shares = new Float32Array(count * this.width);
    for (const item of items) {
      const start = item * this.width;
      this.ids.set(own(item), start);
      this.shares.fill(1 / own(item).length, start, start + own(item).length);
    }
    this.vectors = parameters.variable('attributes', [attributes.count + 1, dimension], normal(deviation));
  }

  /** @param ids [N] int32 @returns [N, D] */
  gather(ids: tf.Tensor1D): tf.Tensor2D {
    const [attributes, shares] = this.tables(0, this.count);
    return weightedSums(this.vectors, tf.gather(attributes, ids), tf.gather(shares, ids));
  }

  /** Items `from` (with) to `to` (without). @returns [to - from, D] */
  block(from: number, to: number): tf.Tensor2D {
    return weightedSums(this.vectors, ...this.tables(from, to));
  }

  private tables(from: number, to: number): [ids: tf.Tensor2D, shares: tf.Tensor2D] {
    const { width } = this;
    const own = <T extends Int32Array | Float32Array>(x: T): T => x.subarray(from * width, to * width) as T;
    const shape: [number, number] = [to - from, width];
    return [tf.tensor2d(own(this.ids), shape, 'int32'), tf.tensor2d(own(this.shares), shape)];
  }
}

/** @param vectors [A, D] @param ids [N, F] int32 @param shares [N, F] @returns [N, D] */
function weightedSums(vectors: tf.Tensor, ids: tf.Tensor2D, shares: tf.Tensor2D): tf.Tensor2D {
  const [N, F] = ids.shape;
  const D = vectors.shape[1] as number;
  const rows = gatherRows(vectors as tf.Tensor2D, tf.reshape(ids, [N * F])); // [N · F, D]
  return tf.reshape(tf.matMul(tf.reshape(shares, [N, 1, F]), tf.reshape(rows, [N, F, D])), [N, D]);
}
