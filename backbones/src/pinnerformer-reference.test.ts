/** PinnerFormer's states and item vectors against the paper's formulas in plain float64 loops. */
import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { type ItemAttributes, Parameters, Random } from '@coco-rec/core';
import { testDataset } from '@coco-rec/core/testing';
import { buildTower, throughTower } from './layers/tower.js';
import { PinnerFormerConfig, pinnerformer } from './pinnerformer.js';
import { PlainModel, type Rows, gelu, plus, relu } from './plain-model.test.js';
import { type SmallWorld, assertClose, shake, smallWorld, statesOf, weightOf } from './small-world.test.js';

const shape = { dimension: 8, maxLength: 6, numLayers: 2, numHeads: 2, feedForwardFactor: 2 };
const histories = [[5], [3, 3], [1, 2, 3, 4], [9, 8, 7, 6, 5, 4]];
const known: ItemAttributes = testDataset().attributes ?? assert.fail('the small shop has attributes');

const attributesOf = (item: number): number[] => [
  ...known.values.subarray(known.offsets[item], known.offsets[item + 1]),
];

class Reference extends PlainModel {
  constructor(
    world: SmallWorld,
    private readonly config: PinnerFormerConfig,
  ) {
    super(world);
  }

  /** The state of each position. */
  states(history: readonly number[]): Rows {
    const vectors = this.itemVectors(history);
    const read = this.config.attributes
      ? vectors.map((row, t) => [...row, ...this.features(history[t])])
      : vectors;
    let x = plus(this.linear(read, 'input'), this.matrix('positions'));
    for (let block = 0; block < shape.numLayers; block++) x = this.block(x, `block${block}`);
    const states = this.norm(x, 'finalNorm');
    return this.config.userTower ? this.tower(states, 'userTower') : states;
  }

  /** Of length 1. */
  itemVectors(ids: readonly number[]): Rows {
    const table = this.matrix('items');
    const own = ids.map((item) => table[item]);
    const sums = this.config.itemAttributes ? plus(own, ids.map((item) => this.mean(item))) : own; // prettier-ignore
    const rows = this.config.itemTower ? this.tower(sums, 'itemTower') : sums;
    return rows.map((row) => row.map((x) => x / Math.hypot(...row)));
  }

  /** x + f(norm x), twice. */
  private block(x: Rows, name: string): Rows {
    const normal = this.norm(x, `${name}/attentionNorm`);
    const y = plus(
      x,
      this.attend(normal, name, shape.numHeads, (t, s) => s > t),
    );
    const inner = this.linear(this.norm(y, `${name}/feedForwardNorm`), `${name}/inner`);
    const active = inner.map((row) => row.map(gelu));
    return plus(y, this.linear(active, `${name}/outer`));
  }

  private tower(x: Rows, name: string): Rows {
    const inner = this.linear(x, `${name}/inner`).map((row) => row.map(gelu));
    return this.linear(inner, `${name}/outer`);
  }

  /** The mean of an item's attributes. */
  private mean(item: number): number[] {
    const table = this.matrix('itemAttributes/attributes');
    const own = attributesOf(item);
    return table[0].map((_, i) => own.reduce((sum, id) => sum + table[id][i] / own.length, 0));
  }

  /** What attention makes of an item's attributes. */
  private features(item: number): number[] {
    const table = this.matrix('featureAttention/attributes');
    const energy = this.matrix('featureAttention/energy');
    const vectors = attributesOf(item).map((id) => table[id]);
    const hidden = this.linear(vectors, 'featureAttention/hidden').map((row) => row.map(relu));
    const parts = hidden.map((row) => Math.exp(row.reduce((sum, x, i) => sum + x * energy[i][0], 0)));
    const total = parts.reduce((sum, part) => sum + part, 0);
    return table[0].map((_, i) =>
      vectors.reduce((sum, vector, n) => sum + (parts[n] / total) * vector[i], 0),
    );
  }
}

/** A world with much noise, and what it should give. */
function worldOf(keys: object): { world: SmallWorld; reference: Reference } {
  const config = { ...shape, ...keys };
  const world = smallWorld(pinnerformer, config);
  for (const { name } of world.parameters.entries()) shake(world.parameters, name, 0.2);
  return { world, reference: new Reference(world, Object.assign(new PinnerFormerConfig(), config)) };
}

const variants = [
  {},
  { itemTower: false, userTower: false },
  { attributes: true, userTower: false },
  { itemAttributes: true },
  { itemAttributes: true, itemTower: false, attributes: true },
];

describe('PinnerFormer against its formulas', () => {
  before(() => tf.setBackend('cpu'));

  for (const keys of variants) {
    it(`gives the states of histories of any length, and the item vectors: ${JSON.stringify(keys)}`, async () => {
      const { world, reference } = worldOf(keys);
      const { backbone, parameters } = world;
      const states = await statesOf(backbone, histories);
      histories.forEach((history, b) =>
        reference.states(history).forEach((state, t) => assertClose(states[b][t], state, 1e-4)),
      );
      const ids = [1, 2, 3, 4, 5, 6, 7];
      const [block, gathered] = tf.tidy(() => {
        const items = backbone.itemVectors();
        return [items.block(1, 8), items.gather(tf.tensor1d(ids, 'int32'))].map((rows) => rows.arraySync());
      });
      reference.itemVectors(ids).forEach((row, i) => {
        assertClose(block[i], row);
        assertClose(gathered[i], row);
      });
      parameters.dispose();
    });
  }

  it('reads the attributes of each item: items of one vector have states of their own', async () => {
    const [first, second] = [1, 2];
    assert.notDeepEqual(attributesOf(first), attributesOf(second));
    for (const attributes of [true, false]) {
      const { world } = worldOf({ attributes });
      const { variable } = weightOf(world.parameters, 'backbone/items');
      const table = variable.arraySync() as number[][];
      table[second] = table[first];
      tf.tidy(() => variable.assign(tf.tensor2d(table)));
      const [[one], [other]] = await statesOf(world.backbone, [[first], [second]]);
      const differs = one.some((value, i) => Math.abs(value - other[i]) > 1e-3);
      assert.equal(differs, attributes);
      world.parameters.dispose();
    }
  });

  it('has towers of two layers with a GELU between them', () => {
    const parameters = new Parameters(new Random(1));
    const tower = buildTower(parameters, 2);
    tf.tidy(() => {
      tower.inner.assign(tf.tensor2d([[1, 2], [0, -1]])); // prettier-ignore
      tower.innerBias.assign(tf.tensor1d([0, 0.5]));
      tower.outer.assign(tf.tensor2d([[2, 0], [0, 4]])); // prettier-ignore
      tower.outerBias.assign(tf.tensor1d([1, -1]));
      const rows = tf.tensor2d([[1, 2], [-1, 0]]); // prettier-ignore
      const [one, other] = throughTower(rows, tower).arraySync();
      // The inner values are 1 and .5, and −1 and −1.5; GELU makes .84134, .34573, −.15866 and −.10021 of them.
      assertClose(one, [2.68269, 0.38292]);
      assertClose(other, [0.68269, -1.40084]);
      assert.equal(throughTower(rows, undefined), rows);
    });
    parameters.dispose();
  });
});
