import assert from 'node:assert/strict';
import { Random, evaluateRanker, leaveOneOut } from '@coco-rec/core';
import { hasher } from '../testing.test.js';
import { shopDataset } from './load-shop.js';
import { ShopModel, type ShopModelParts } from './model.js';
import { ShopOracle } from './oracle.js';
import { simulateShop } from './simulate.js';
import { makeHistories } from './users.js';

/** A shop of 5 items in 3 categories, with 3 tastes; all numbers drawn. */
function tinyParts(seed: number): ShopModelParts {
  const random = new Random(seed);
  const normalised = (count: number): number[] => {
    const values = Array.from({ length: count }, () => random.uniform() + 0.05);
    const sum = values.reduce((a, b) => a + b, 0);
    return values.map((value) => value / sum);
  };
  const row = (): number[] => [0, ...Array.from({ length: 5 }, () => Math.exp(2 * random.normal()))];
  return {
    itemCount: 5,
    stateCount: 3,
    weights: Float64Array.from([...row(), ...row(), ...row()]),
    categories: Int32Array.of(-1, 0, 0, 1, 1, 2),
    followers: [[1], [2], []],
    initial: Float64Array.from(normalised(3)),
    transitions: [0, 1, 2].map(() => normalised(3).map((probability, to) => ({ to, probability }))),
    complementShare: 0.4,
  };
}

/** The probability of `item` after `taken` in a state, straight from the definition. */
function emission(parts: ShopModelParts, state: number, taken: readonly number[], item: number): number {
  const weight = (other: number): number => parts.weights[state * 6 + other];
  const share = (pool: readonly number[]): number =>
    pool.includes(item) ? weight(item) / pool.reduce((sum, other) => sum + weight(other), 0) : 0;
  const left = [1, 2, 3, 4, 5].filter((other) => !taken.includes(other));
  const last = taken.at(-1);
  const follows = last === undefined ? [] : parts.followers[parts.categories[last]];
  const pool = left.filter((other) => follows.includes(parts.categories[other]));
  if (pool.length === 0) return share(left);
  return (1 - parts.complementShare) * share(left) + parts.complementShare * share(pool);
}

/** The probability of a history: the sum over every path of hidden states. */
function bruteForce(parts: ShopModelParts, history: readonly number[]): number {
  const along = (at: number, state: number): number => {
    const own = emission(parts, state, history.slice(0, at), history[at]);
    if (at === history.length - 1) return own;
    const rest = parts.transitions[state].map(({ to, probability }) => probability * along(at + 1, to));
    return own * rest.reduce((a, b) => a + b, 0);
  };
  return [0, 1, 2].reduce((sum, state) => sum + parts.initial[state] * along(0, state), 0);
}

describe('the shop’s oracle', function () {
  this.timeout(60_000);

  it('agrees with the sum over all hidden paths', () => {
    for (let seed = 0; seed < 10; seed++) {
      const parts = tinyParts(seed);
      const oracle = new ShopOracle(new ShopModel(parts));
      for (const history of [[], [1], [3, 5], [1, 2, 3], [4, 1, 3], [1, 3, 4], [5, 3, 1, 2]]) {
        const before = history.length > 0 ? bruteForce(parts, history) : 1;
        const expected = [1, 2, 3, 4, 5].map((item) =>
          history.includes(item) ? 0 : bruteForce(parts, [...history, item]) / before,
        );
        const found = oracle.probabilities(history);
        expected.forEach((value, i) =>
          assert.ok(Math.abs(found[i + 1] - value) < 1e-9, `${seed}: ${history}`),
        );
        if (history.length === 0) continue;
        assert.ok(Math.abs(oracle.logLikelihood(history) - Math.log(before)) < 1e-9);
      }
    }
  });

  it('keeps its precision where one item has nearly all the weight', () => {
    const parts = tinyParts(1);
    for (let state = 0; state < 3; state++) parts.weights[state * 6 + 1] = 1e15;
    const found = new ShopOracle(new ShopModel(parts)).probabilities([1]);
    [2, 3, 4, 5].forEach((item) => {
      const expected = bruteForce(parts, [1, item]) / bruteForce(parts, [1]);
      assert.ok(Math.abs(found[item] - expected) < 1e-9);
    });
  });

  it('gives probabilities that sum to 1, and 0 to what was taken; passes over unknown and repeated items', () => {
    const { model, histories } = simulateShop({ items: 60, users: 20, tastes: 16 });
    const oracle = new ShopOracle(model);
    for (let user = 0; user < 20; user++) {
      const history = [...histories.sequence.subarray(histories.offsets[user], histories.offsets[user + 1])];
      const found = oracle.probabilities(history);
      assert.ok(Math.abs(found.reduce((a, b) => a + b, 0) - 1) < 1e-9);
      assert.ok(history.every((item) => found[item] === 0));
      assert.deepEqual(oracle.probabilities([0, ...history, history[0], 61]), found);
    }
    assert.equal(oracle.logLikelihood([3, 3]), -Infinity);
    assert.deepEqual(
      [...oracle.probabilities(Array.from({ length: 60 }, (_, i) => i + 1))],
      Array(61).fill(0),
    );
  });

  it('explains simulated users better than any oracle that believes something else', () => {
    const { model } = simulateShop({ items: 80, users: 1, tastes: 24, complementShare: 0.3, drift: 0.15 });
    const { parts } = model;
    const users = 400;
    const { sequence, offsets } = makeHistories(model, { users, meanLength: 8 }, new Random(5));
    const likelihood = (changed: Partial<ShopModelParts>): number => {
      const oracle = new ShopOracle(new ShopModel({ ...parts, ...changed }));
      let sum = 0;
      for (let user = 0; user < users; user++) {
        sum += oracle.logLikelihood(sequence.subarray(offsets[user], offsets[user + 1]));
      }
      return sum / users;
    };
    const stay = (probability: number): ShopModelParts['transitions'] =>
      parts.transitions.map(([own, ...others]) => [
        { to: own.to, probability },
        ...others.map(({ to }) => ({ to, probability: (1 - probability) / others.length })),
      ]);
    const best = likelihood({});
    const others = {
      'fewer complements': { complementShare: 0.2 },
      'more complements': { complementShare: 0.4 },
      'no complements': { complementShare: 0 },
      'less drift': { transitions: stay(0.95) },
      'more drift': { transitions: stay(0.7) },
      'sharper tastes': { weights: parts.weights.map((weight) => weight ** 1.15) },
      'duller tastes': { weights: parts.weights.map((weight) => weight ** 0.85) },
      'other categories': { followers: [...parts.followers].reverse() },
    };
    for (const [what, changed] of Object.entries(others)) {
      assert.ok(likelihood(changed) < best, `${what}: ${likelihood(changed)} against ${best}`);
    }
  });

  it('is a ranker: ranks and lists agree, with and without seen items', async () => {
    const dataset = shopDataset(simulateShop({ items: 50, users: 60, tastes: 16 }), ['title'], hasher);
    const split = leaveOneOut(dataset);
    const oracle = dataset.oracle!;
    const histories = [Int32Array.of(4, 9, 2), Int32Array.of()];
    for (const removeSeen of [false, true]) {
      const { items, scores } = await oracle.topK(histories, 50, { removeSeen });
      const ranks = await oracle.ranks!(histories, Int32Array.of(items[6], items[57]), { removeSeen });
      assert.deepEqual([...ranks], [7, 8]);
      assert.equal(items[49] === 0, removeSeen); // three items are left out
      assert.equal(scores[49], removeSeen ? -Infinity : 0);
    }
    assert.equal((await oracle.ranks!([histories[0]], Int32Array.of(9)))[0], 50); // ties count against the target
    const { metrics } = await evaluateRanker(oracle, split, {
      target: 'test',
      cutoffs: [5],
      removeSeen: false,
    });
    assert.ok(metrics['ndcg@5'] > 0.2);
  });
});
