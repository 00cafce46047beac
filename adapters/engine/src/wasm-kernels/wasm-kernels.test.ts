import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { assertClose, integers, on, values } from '../each-engine.test.js';
import { startEngine } from '../start-engine.js';
import { correctedKernels, missingKernels } from './index.js';

const tolerance = 1e-5;
const length = fc.integer({ min: 1, max: 5 });
const seed = fc.integer({ min: 1, max: 1e6 });

/** Asserts that `compute` gives the same shape, type and values on WASM as on the CPU backend, and leaks nothing. */
async function assertSame(compute: () => tf.Tensor): Promise<void> {
  const run = (): { shape: number[]; dtype: string; data: number[] } => {
    const before = tf.memory().numTensors;
    const result = tf.tidy(compute);
    const answer = { shape: result.shape, dtype: result.dtype, data: [...result.dataSync()] };
    result.dispose();
    assert.equal(tf.memory().numTensors, before, 'tensors left behind');
    return answer;
  };
  const expected = await on('cpu', run);
  const actual = await on('wasm', run);
  assert.deepEqual([actual.shape, actual.dtype], [expected.shape, expected.dtype]);
  assertClose(actual.data, expected.data, tolerance, 'wasm');
}

describe('WASM kernels', function () {
  this.timeout(30_000);

  it('are all registered', async () => {
    await startEngine('wasm');
    const names = tf.getKernelsForBackend('wasm').map((kernel) => kernel.kernelName);
    const ours = [...missingKernels.map((kernel) => kernel.kernelName), ...Object.keys(correctedKernels)];
    assert.deepEqual(
      ours.filter((name) => !names.includes(name)),
      [],
    );
  });

  it('BatchMatMul multiplies matrices and batches, transposed or not', async () => {
    for (const batch of [[], [1], [3], [2, 2]]) {
      for (const [n, k, m] of [
        [3, 4, 5],
        [1, 4, 1],
        [4, 1, 3],
      ]) {
        for (const [left, right] of [
          [false, true],
          [true, false],
          [true, true],
          [false, false],
        ]) {
          await assertSame(() => {
            const a = values([...batch, ...(left ? [k, n] : [n, k])], 3);
            return tf.matMul(a, values([...batch, ...(right ? [m, k] : [k, m])], 4), left, right);
          });
        }
      }
    }
  });

  it('UnsortedSegmentSum sums rows by id, for any inner shape', async () => {
    const shapes = fc.tuple(fc.array(length, { minLength: 0, maxLength: 2 }), length, length, seed);
    const property = fc.asyncProperty(shapes, ([inner, rows, segments, from]) =>
      assertSame(() => {
        const x = values([rows, ...inner], from);
        return tf.unsortedSegmentSum(x, integers([rows], segments, from) as tf.Tensor1D, segments);
      }),
    );
    await fc.assert(property, { seed: 1, numRuns: 25 });
  });

  it('UnsortedSegmentSum leaves out ids that are no segment, and keeps integers', async () => {
    const ids = [2, -1, 0, 3, 2];
    await assertSame(() => tf.unsortedSegmentSum(values([5, 2]), tf.tensor1d(ids, 'int32'), 3));
    const sums = (): tf.Tensor => tf.unsortedSegmentSum(integers([5, 2], 9), tf.tensor1d(ids, 'int32'), 3);
    await assertSame(() => tf.cast(sums(), 'float32')); // the CPU backend's own answer is always float32
    await startEngine('wasm');
    tf.tidy(() => assert.equal(sums().dtype, 'int32'));
  });

  it('GatherV2 takes each batch from its own rows', async () => {
    const shapes = fc.tuple(length, length, length, length, length, seed);
    const property = fc.asyncProperty(shapes, ([batch, outer, rows, width, count, from]) =>
      assertSame(() => {
        const ids = integers([batch, count], rows, from);
        const near = tf.gather(values([batch, rows, width], from), ids, 1, 1); // [batch, count, width]
        const far = tf.gather(values([batch, outer, rows, width], from), ids, 2, 1); // [batch, outer, count, width]
        return tf.concat([tf.reshape(near, [-1]), tf.reshape(far, [-1])]);
      }),
    );
    await fc.assert(property, { seed: 2, numRuns: 25 });
  });

  it('GatherV2 without batches takes rows, single numbers and whole numbers along any axis', async () => {
    const shapes = fc.tuple(length, length, length, fc.nat({ max: 2 }), seed);
    const property = fc.asyncProperty(shapes, ([outer, rows, width, axis, from]) =>
      assertSame(() => {
        const shape = [outer, rows, width];
        const ids = integers([2, 4], shape[axis], from);
        const numbers = tf.gather(values(shape, from), ids, axis);
        const whole = tf.cast(tf.gather(integers(shape, 9, from), ids, axis), 'float32');
        return tf.concat([numbers, whole]);
      }),
    );
    await fc.assert(property, { seed: 4, numRuns: 25 });
    await assertSame(() => tf.gather(values([4]), tf.scalar(2, 'int32')));
    await assertSame(() => tf.gather(values([4, 3]), tf.tensor1d([], 'int32')));
  });

  it('GatherV2 refuses an index out of range', async () => {
    await startEngine('wasm');
    const wrong = (): tf.Tensor => tf.gather(tf.ones([2, 3]), tf.tensor2d([[0], [3]], [2, 1], 'int32'), 1, 1);
    assert.throws(() => tf.tidy(wrong), /index 3 is not in \[0, 2\]/);
    const negative = (): tf.Tensor => tf.gather(tf.ones([2, 3]), tf.tensor1d([-1], 'int32'));
    assert.throws(() => tf.tidy(negative), /index -1 is not in \[0, 1\]/);
  });

  it('GreaterEqual compares rows with a number each, and all other shapes as before', async () => {
    const shapes = fc.tuple(length, length, length, seed);
    const property = fc.asyncProperty(shapes, ([n, m, k, from]) =>
      assertSame(() => {
        // Whole numbers, so that many are equal.
        const few = (shape: number[], start: number): tf.Tensor =>
          tf.cast(integers(shape, 3, start), 'float32');
        const pairs: [number[], number[]][] = [
          [[n, m, k], [n, m, 1]], // the quick way
          [[n, m, k], [n, m, k]],
          [[n, m, k], [m, 1]],
          [[m, 1], [n, m, k]],
          [[n, 1, k], [n, m, 1]],
          [[n, m], [1, 1]],
          [[n], []],
        ]; // prettier-ignore
        const found = pairs.map(([a, b], i) => tf.greaterEqual(few(a, from + i), few(b, from + 9 + i)));
        return tf.concat(found.map((x) => tf.reshape(tf.cast(x, 'int32'), [-1])));
      }),
    );
    await fc.assert(property, { seed: 5, numRuns: 40 });
  });

  it('GreaterEqual is false for NaN, and compares whole numbers', async () => {
    await assertSame(() => tf.greaterEqual(tf.tensor2d([[NaN, 1, Infinity]]), tf.tensor2d([[1]])));
    await assertSame(() => tf.greaterEqual(tf.tensor2d([[0, 1]]), tf.tensor2d([[NaN]])));
    await assertSame(() => tf.greaterEqual(integers([3, 4], 5), integers([3, 1], 5)));
  });

  // Compared with the definition: the CPU backend gives 'ab,bc->c' a shape of rank 2.
  it('Einsum contracts, batches, sums and permutes', async () => {
    await startEngine('wasm');
    const equations = ['ij,jk->ik', 'bij,bjk->bik', 'bqhd,bkhd->bhqk', 'ij,ij->', 'ij,ij->ij', 'i,j->ji'];
    const withSums = ['ij->', 'ij->ji', 'bij->bj', 'ab,bc->c', 'abc,cd->ad', 'b,ab->b'];
    const property = fc.property(
      fc.constantFrom(...equations, ...withSums),
      fc.array(length, { minLength: 5, maxLength: 5 }),
      (equation, lengths) => {
        const before = tf.memory().numTensors;
        tf.tidy(() => {
          const operands = equation.split('->')[0].split(',');
          const letters = [...new Set(operands.join(''))];
          const tensors = operands.map((operand, i) =>
            values(
              [...operand].map((letter) => lengths[letters.indexOf(letter)]),
              i + 1,
            ),
          );
          const actual = tf.einsum(equation, ...tensors);
          const expected = einsumByDefinition(equation, tensors);
          assert.deepEqual(actual.shape, expected.shape);
          assertClose(actual.dataSync(), expected.data, tolerance, equation);
        });
        assert.equal(tf.memory().numTensors, before, 'tensors left behind');
      },
    );
    fc.assert(property, { seed: 3, numRuns: 60 });
  });
});

/** One loop over every combination of the labels' values. */
function einsumByDefinition(
  equation: string,
  tensors: readonly tf.Tensor[],
): { shape: number[]; data: number[] } {
  const [left, output] = equation.split('->');
  const operands = left.split(',');
  const lengths = new Map(
    operands.flatMap((o, i) => [...o].map((letter, axis) => [letter, tensors[i].shape[axis]])),
  );
  const letters = [...lengths.keys()];
  const size = (labels: string): number =>
    [...labels].reduce((n, letter) => n * (lengths.get(letter) ?? 1), 1);
  const place = (labels: string, at: Map<string, number>): number =>
    [...labels].reduce((index, letter) => index * (lengths.get(letter) ?? 1) + (at.get(letter) ?? 0), 0);
  const data = new Array<number>(size(output)).fill(0);
  const inputs = tensors.map((tensor) => tensor.dataSync());
  for (let n = 0; n < size(letters.join('')); n++) {
    const at = new Map<string, number>();
    letters.reduceRight((rest, letter) => {
      const each = lengths.get(letter) ?? 1;
      at.set(letter, rest % each);
      return Math.floor(rest / each);
    }, n);
    data[place(output, at)] += operands.reduce((product, o, i) => product * inputs[i][place(o, at)], 1);
  }
  return { shape: [...output].map((letter) => lengths.get(letter) ?? 1), data };
}
