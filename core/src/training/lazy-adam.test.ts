import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { Random } from '../random.js';
import { Parameters, normal } from '../specification/parameters.js';
import { gatherRows } from '../tensor/gather-rows.js';
import { customOp, gradientsOf } from '../tensor/tape.js';
import { eachBackend, leaked } from '../testing/each-backend.test.js';
import { valuesCloseTo } from '../testing/close-to.test.js';
import { Adam, type AdamConfig } from './adam.js';
import { LazyAdam } from './lazy-adam.js';

const plain: AdamConfig = { learningRate: 0.05, weightDecay: 0, gradientNorm: 0 };
const [V, D] = [5, 3];
/** Gradient of a gathered row: that of Σ row · target. */
const targets = new Float32Array(V * D).map((_, i) => Math.sin(i + 1));

/** A table and a matrix; a loss that gathers some rows of the table, an id perhaps more than once. */
class Bench {
  readonly parameters = new Parameters(new Random(3));
  readonly table = this.parameters.variable('table', [V, D], normal(1));
  readonly matrix = this.parameters.variable('matrix', [D, D], normal(1));

  constructor(readonly adam: Adam) {}

  loss(ids: readonly number[], isDense: boolean): tf.Scalar {
    const at = tf.tensor1d([...ids], 'int32');
    const mixed = tf.matMul(
      gatherRows(this.table as unknown as tf.Tensor2D, at),
      this.matrix as unknown as tf.Tensor2D,
    );
    const wanted = tf.gather(tf.tensor2d(targets, [V, D]), at);
    const sum = tf.sum(tf.mul(mixed, wanted));
    return (isDense ? tf.add(sum, tf.sum(tf.square(this.table))) : sum) as tf.Scalar;
  }

  step(ids: readonly number[], config = plain, isDense = false): number {
    return tf.tidy(() => {
      const entries = this.parameters.entries();
      const grads = this.adam.gradients(entries, () => this.loss(ids, isDense));
      const named = entries.flatMap(({ name, variable }) => {
        const gradient = grads[variable.name] as tf.Tensor | null;
        return gradient ? [[name, gradient] as const] : [];
      });
      return this.adam.apply(entries, new Map(named), config, 1);
    });
  }

  get values(): Float32Array {
    return Float32Array.from([...this.table.dataSync(), ...this.matrix.dataSync()]);
  }

  dispose(): void {
    this.adam.dispose();
    this.parameters.dispose();
  }
}

const everything = [0, 1, 2, 3, 4, 2, 2, 0];

eachBackend(() => {
  it('is Adam where every row has a gradient, clipped and decayed too', () => {
    for (const config of [plain, { ...plain, gradientNorm: 0.5 }, { ...plain, weightDecay: 0.1 }]) {
      const [lazy, dense] = [new Bench(new LazyAdam()), new Bench(new Adam())];
      for (let i = 0; i < 4; i++) {
        const [a, b] = [lazy, dense].map((bench) => bench.step(everything, config));
        assert.ok(Math.abs(a / b - 1) < 1e-5, 'norm');
        valuesCloseTo(lazy.values, dense.values, 1e-5);
      }
      [lazy, dense].forEach((bench) => bench.dispose());
    }
  });

  it('leaves rows without a gradient alone, and their moments', () => {
    const bench = new Bench(new LazyAdam());
    const start = bench.values;
    bench.step([1, 1, 3]);
    bench.step([4]);
    const first = bench.values;
    for (const id of [0, 2])
      valuesCloseTo(first.subarray(id * D, id * D + D), start.subarray(id * D, id * D + D), 0);
    // Row 3 was read in steps 1 and 3: by hand, with the bias correction of the steps' numbers.
    const fresh = new Bench(new LazyAdam());
    const slopes = [fresh, bench].map((one) => tf.tidy(() => slopeOf(one)));
    bench.step([3]);
    const expected = Array.from({ length: D }, (_, d) => {
      let [value, m, v] = [start[3 * D + d], 0, 0];
      [1, 3].forEach((t, i) => {
        const g = slopes[i][d];
        m = 0.9 * m + 0.1 * g;
        v = 0.999 * v + 0.001 * g * g;
        value -= (0.05 * (m / (1 - 0.9 ** t))) / (Math.sqrt(v / (1 - 0.999 ** t)) + 1e-8);
      });
      return value;
    });
    valuesCloseTo(bench.values.subarray(3 * D, 4 * D), expected, 1e-5);
    [bench, fresh].forEach((one) => one.dispose());
  });

  it('is Adam where the table has another gradient too', () => {
    const [lazy, dense] = [new Bench(new LazyAdam()), new Bench(new Adam())];
    for (const ids of [
      [1, 3],
      [2, 2],
    ]) {
      for (const bench of [lazy, dense]) bench.step(ids, plain, true);
      valuesCloseTo(lazy.values, dense.values, 1e-5);
    }
    // Also after steps with rows only, which have their moments elsewhere.
    lazy.step(everything);
    dense.step(everything);
    lazy.step([1], plain, true);
    dense.step([1], plain, true);
    valuesCloseTo(lazy.values, dense.values, 1e-5);
    [lazy, dense].forEach((bench) => bench.dispose());
  });

  it('goes on from its state as if it had not stopped', async () => {
    const [whole, first, second] = [0, 1, 2].map(() => new Bench(new LazyAdam()));
    for (const ids of [[1, 2], [2, 4], [1]]) whole.step(ids);
    for (const ids of [
      [1, 2],
      [2, 4],
    ])
      first.step(ids);
    second.parameters.restore(await first.parameters.state());
    second.adam.restore(await first.adam.state());
    second.step([1]);
    valuesCloseTo(second.values, whole.values, 0);
    assert.deepEqual(
      [...(await second.adam.state()).keys()].sort(),
      [...(await whole.adam.state()).keys()].sort(),
    );
    [whole, first, second].forEach((bench) => bench.dispose());
  });

  it('leaves nothing behind, a step that is not finite included', () => {
    assert.equal(
      leaked(() => {
        const bench = new Bench(new LazyAdam());
        bench.step([1, 3]);
        tf.tidy(() => bench.table.assign(tf.mul(bench.table, Infinity) as typeof bench.table));
        assert.ok(!Number.isFinite(bench.step([1])));
        bench.dispose();
      }),
      0,
    );
  });

  it('gets the gradient of rows that a tape inside another gathers', () => {
    const bench = new Bench(new LazyAdam());
    const { table } = bench;
    const squares = (): tf.Tensor =>
      tf.sum(tf.square(gatherRows(table as unknown as tf.Tensor2D, tf.tensor1d([2, 2], 'int32'))));
    /** Its gradient is computed by a tape of its own. */
    const inside = (): tf.Tensor =>
      customOp({ table }, squares, (dy) => ({
        table: () => gradientsOf(squares, [table], dy).gradients[0] as tf.Tensor,
      }));
    tf.tidy(() => {
      const found = bench.adam.gradients(bench.parameters.entries(), inside as () => tf.Scalar);
      const expected = tf.variableGrads(squares as () => tf.Scalar).grads;
      valuesCloseTo(found[table.name].dataSync(), expected[table.name].dataSync(), 1e-6);
    });
    bench.dispose();
  });
});

/** The gradient of row 3, read once. */
function slopeOf({ matrix }: Bench): Float32Array {
  const own = tf.tensor2d(targets.slice(3 * D, 4 * D), [1, D]);
  return Float32Array.from(tf.matMul(own, matrix as unknown as tf.Tensor2D, false, true).dataSync());
}
