import type * as tf from '@tensorflow/tfjs-core';
import { type DropoutOptions, dropout } from '../tensor/dropout.js';
import { hash32 } from '../random.js';

/**
 * One pass through a model. In training it hands out dropout masks from a counter-based generator: the n-th call of a
 * step gets the key hash(step key, n), so a step repeated from a checkpoint, or on another engine, drops the same.
 */
export class Pass {
  private calls = 0;

  private constructor(
    readonly training: boolean,
    private readonly key: number,
  ) {}

  static readonly predict = new Pass(false, 0);

  /** @param key names the step: derive it from seed, stage, epoch and step. */
  static train(key: number): Pass {
    return new Pass(true, key);
  }

  /** A key of its own for an op that counts itself. */
  nextKey(): number {
    return hash32(this.key, this.calls++);
  }

  /** The options of an op that drops out itself; undefined in prediction. */
  dropoutOptions(rate: number): DropoutOptions | undefined {
    return this.training && rate > 0 ? { rate, key: this.nextKey() } : undefined;
  }

  /** @returns x with each element zeroed with probability `rate` and the rest scaled by 1 / (1 − rate); x in prediction. */
  dropout<T extends tf.Tensor>(x: T, rate: number): T {
    return this.training && rate > 0 ? dropout(x, rate, this.nextKey()) : x;
  }
}
