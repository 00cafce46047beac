/** BERT4Rec's states against the paper's formulas in plain float64 loops. */
import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { bert4rec } from './bert4rec.js';
import { PlainModel, type Rows, gelu, plus } from './plain-model.test.js';
import { type SmallWorld, assertClose, shake, smallWorld, statesOf } from './small-world.test.js';

const config = { dimension: 8, maxLength: 6, numLayers: 2, numHeads: 2, feedForwardFactor: 2 };
/** 0 is a hidden item. */
const histories = [[], [5], [1, 0, 3], [0, 30, 12, 0], [9, 8, 7, 6, 5, 4]];

class Reference extends PlainModel {
  constructor(
    world: SmallWorld,
    private readonly positionsFrom: 'oldest' | 'newest',
  ) {
    super(world);
  }

  /** The state of each item, and of the MASK that is appended. */
  states(history: readonly number[]): Rows {
    const items = this.world.backbone.itemVectors().block(0, 31).arraySync();
    const positions = this.matrix('positions');
    const tokens = [...history, 0].map((item) => (item === 0 ? this.vector('mask') : items[item]));
    const first = this.positionsFrom === 'newest' ? positions.length - tokens.length : 0;
    let x = this.norm(plus(tokens, positions.slice(first, first + tokens.length)), 'norm');
    for (let block = 0; block < config.numLayers; block++) x = this.block(x, `block${block}`);
    const output = this.linear(x, 'output').map((row) => row.map(gelu));
    return this.norm(output, 'outputNorm');
  }

  private block(x: Rows, name: string): Rows {
    return this.postNormBlock(x, name, config.numHeads, { hides: () => false, activate: gelu });
  }
}

describe('BERT4Rec against its formulas', () => {
  before(() => tf.setBackend('cpu'));

  for (const positionsFrom of ['oldest', 'newest'] as const) {
    it(`gives the states of histories of any length, with hidden items: ${positionsFrom}`, async () => {
      const world = smallWorld(bert4rec, { ...config, positionsFrom });
      for (const { name } of world.parameters.entries()) shake(world.parameters, name, 0.2);
      const reference = new Reference(world, positionsFrom);
      const states = await statesOf(world.backbone, histories);
      histories.forEach((history, b) => {
        const expected = reference.states(history);
        assert.equal(expected.length, history.length + 1);
        expected.forEach((state, t) => assertClose(states[b][t], state, 1e-4));
      });
      world.parameters.dispose();
    });
  }
});
