/** The states of S3-Rec's fine-tuning against the formulas of the authors' code in plain float64 loops. */
import * as tf from '@tensorflow/tfjs-core';
import { PlainModel, type Rows, gelu, plus } from './plain-model.test.js';
import { s3rec } from './s3rec.js';
import { assertClose, shake, smallWorld, statesOf } from './small-world.test.js';

const config = { dimension: 8, maxLength: 6, numLayers: 2, numHeads: 2, feedForwardFactor: 2 };
const histories = [[5], [3, 3], [1, 2, 3, 4], [9, 8, 7, 6, 5, 4]];

class Reference extends PlainModel {
  /** The state of each position. */
  states(history: readonly number[]): Rows {
    const items = this.world.backbone.itemVectors().block(0, 31).arraySync();
    const vectors = history.map((item) => items[item]);
    let x = this.norm(plus(vectors, this.matrix('positions')), 'norm');
    for (let block = 0; block < config.numLayers; block++) x = this.block(x, `block${block}`);
    return x;
  }

  private block(x: Rows, name: string): Rows {
    return this.postNormBlock(x, name, config.numHeads, { hides: (t, s) => s > t, activate: gelu });
  }
}

describe('S3-Rec against its formulas', () => {
  before(() => tf.setBackend('cpu'));

  it('gives the states of histories of any length', async () => {
    const world = smallWorld(s3rec, config);
    for (const { name } of world.parameters.entries()) shake(world.parameters, name, 0.2);
    const reference = new Reference(world);
    const states = await statesOf(world.backbone, histories);
    histories.forEach((history, b) =>
      reference.states(history).forEach((state, t) => assertClose(states[b][t], state, 1e-4)),
    );
    world.parameters.dispose();
  });
});
