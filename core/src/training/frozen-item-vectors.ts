import * as tf from '@tensorflow/tfjs-core';
import { TableItemVectors } from '../specification/table-item-vectors.js';

/** Item vectors that do not change while many users are ranked by them. */
export class FrozenItemVectors extends TableItemVectors {
  private readonly turned = new Map<string, tf.Tensor2D>();

  /** @param values [V + 1, D], its own from now on */
  constructor(private readonly values: tf.Tensor2D) {
    super(values);
  }

  turnedBlock(from: number, to: number): tf.Tensor2D {
    const key = `${from}:${to}`;
    let found = this.turned.get(key);
    if (!found) {
      found = tf.keep(tf.tidy(() => tf.transpose(this.block(from, to))));
      this.turned.set(key, found);
    }
    return found;
  }

  dispose(): void {
    tf.dispose([this.values, ...this.turned.values()]);
    this.turned.clear();
  }
}
