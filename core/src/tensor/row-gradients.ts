import * as tf from '@tensorflow/tfjs-core';
import { type RowCollector, collecting, customOp } from './tape.js';

/** The gradient of some rows of a table. */
export interface RowGradient {
  /** [U], each once. */
  readonly ids: Int32Array;
  /** [U, D] */
  readonly values: tf.Tensor2D;
}

interface Part {
  readonly ids: Int32Array;
  /** [N, D] */
  readonly values: tf.Tensor;
}

/**
 * Takes the gradients of gathered rows as ids and values, where a tensor of the table's shape would be mostly zeros.
 * While `during` runs, `gatherRows` of one of the tables hangs its gradient on `anchor`, a number that has no part in
 * the result: differentiate with respect to the anchor too, and its gradient function delivers the rows.
 */
export class RowGradients implements RowCollector {
  private readonly parts = new Map<tf.Tensor, Part[]>();

  /** @param anchor [1] */
  constructor(
    private readonly tables: ReadonlySet<tf.Tensor>,
    private readonly anchor: tf.Variable,
  ) {}

  collects(table: tf.Tensor): boolean {
    return this.tables.has(table);
  }

  /** @returns what `work` returns; forward and backward pass both have to run in it */
  during<T>(work: () => T): T {
    return collecting(this, work);
  }

  /** `gatherRows` for a table of this collector. @param table [V, D] @param ids [N] int32 @returns [N, D] */
  gather(table: tf.Tensor2D, ids: tf.Tensor1D): tf.Tensor2D {
    return customOp(
      { anchor: this.anchor },
      (save) => {
        save([ids]);
        return tf.gather(table, ids); // [N, D]
      },
      (dy, [savedIds]) => ({
        anchor: () => {
          const part = { ids: savedIds.dataSync<'int32'>().slice(), values: tf.keep(tf.clone(dy)) };
          this.parts.set(table, [...(this.parts.get(table) ?? []), part]);
          return tf.zerosLike(this.anchor);
        },
      }),
    );
  }

  /** Hands over a table's rows, those of equal id added up; undefined where there are none. The caller disposes them. */
  take(table: tf.Tensor): RowGradient | undefined {
    const parts = this.parts.get(table);
    if (!parts) return undefined;
    this.parts.delete(table);
    const places = new Map<number, number>();
    const sources = parts.flatMap(({ ids }) =>
      Array.from(ids, (id) => {
        const known = places.get(id) ?? places.size;
        places.set(id, known);
        return known;
      }),
    );
    const values = tf.tidy(() => {
      const all = tf.concat(parts.map((part) => part.values)); // [N, D]
      return tf.unsortedSegmentSum(all, tf.tensor1d(sources, 'int32'), places.size) as tf.Tensor2D; // [U, D]
    });
    tf.dispose(parts.map((part) => part.values));
    return { ids: Int32Array.from(places.keys()), values };
  }

  /** Frees what nobody took. */
  dispose(): void {
    for (const parts of this.parts.values()) tf.dispose(parts.map(({ values }) => values));
    this.parts.clear();
  }
}
