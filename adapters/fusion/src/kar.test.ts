import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { type Batch, Pass, readConfig } from '@coco-rec/core';
import { kar } from './kar.js';
import { chooseScope } from './texts/text-scope.js';
import { addNoise, batchOf, sequencesOf, withBatch } from './tiny-steps.test.js';
import { type TinyWorld, tinyWorld } from './tiny-world.test.js';

const keys = { specificExperts: 1, expertHidden: 6, expertWidth: 4, textWidth: 8, answerTokens: 4 };

describe('KAR and what a row may know', () => {
  let world: TinyWorld;

  before(async () => {
    await tf.setBackend('cpu');
    world = await tinyWorld(kar.create(readConfig(kar.config, keys, 'fusion')));
    addNoise(world, 0.05);
  });
  after(() => world.dispose());

  /** Which rows the user's text changes: the state before the user side against the one after. */
  function rowsWithText(batch: Batch): Promise<boolean[]> {
    return withBatch(world, batch, (ready, prepared) => {
      const { model } = world;
      const items = model.itemVectors();
      const { states, h } = model.encodeRows(ready, items, Pass.predict);
      const rowLoss = (x: tf.Tensor2D): tf.Tensor1D => tf.sum(x, 1);
      const fused = model.fusion.fuse(h, {
        batch: ready,
        states,
        items,
        pass: Pass.predict,
        rowLoss,
        prepared,
      });
      const [bare, changed] = [h.arraySync(), fused.h.arraySync()];
      return bare.map((row, p) => row.some((value, d) => value !== changed[p][d]));
    });
  }

  it('has a text only if that was shown what the row may see; the last row of training has its user’s', async () => {
    const sequences = sequencesOf(world).slice(0, 6);
    const batch = batchOf(sequences);
    const found = await rowsWithText(batch);
    const { users } = chooseScope(world.dataset, new kar.config());
    let withText = 0;
    found.forEach((isChanged, p) => {
      const visible = batch.rows.visibleUntil[p];
      const { history } = sequences[batch.rows.sequence[p]];
      // Another user's shorter history may begin alike.
      const fitting = users.filter(({ shown }) => shown.length <= visible && shown.every((item, i) => item === history[i])); // prettier-ignore
      if (isChanged) assert.ok(fitting.length > 0, `row ${p} sees ${visible} interactions and has a text`);
      if (visible === history.length) withText += isChanged ? 1 : 0;
    });
    assert.ok(found.some((isChanged) => !isChanged));
    assert.ok(withText >= 5, String(withText));
  });

  it('a text is lost when an item it was shown is another or masked', async () => {
    const sequence = sequencesOf(world).reduce((a, b) => (b.history.length > a.history.length ? b : a));
    const batch = batchOf([{ ...sequence, user: -1 }]);
    const last = batch.rows.count - 1;
    assert.equal((await rowsWithText(batch))[last], true, 'a user who is not known is served by the history');
    for (const item of [0, (batch.items[1] % world.dataset.itemCount) + 1]) {
      const items = batch.items.slice();
      items[1] = item;
      assert.equal((await rowsWithText({ ...batch, items }))[last], false, `item ${item}`);
    }
  });
});
