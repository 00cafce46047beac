/** What a row may know of generated text, whichever fusion reads it; and that all of them share the texts. */
import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import {
  type Batch,
  type FusionDescriptor,
  type ItemVectors,
  type KnowledgeLLM,
  MemoryTextStore,
  Pass,
  leaveOneOut,
  readConfig,
} from '@coco-rec/core';
import { concat } from './concat.js';
import { kar } from './kar.js';
import { mlp } from './mlp.js';
import { chooseScope } from './texts/text-scope.js';
import { addNoise, batchOf, sequencesOf, withBatch } from './tiny-steps.test.js';
import {
  type TinyDecoder,
  type TinyWorld,
  tinyDataset,
  tinyKnowledge,
  tinyWorld,
} from './tiny-world.test.js';

interface Reader {
  readonly fusion: FusionDescriptor;
  readonly keys: Readonly<Record<string, unknown>>;
}

const writing = { textWidth: 8, answerTokens: 4 };
const generated = { ...writing, source: 'generated' };
const readers: readonly Reader[] = [
  { fusion: kar, keys: { ...writing, specificExperts: 1, expertHidden: 6, expertWidth: 4 } },
  { fusion: concat, keys: { ...generated, itemText: true } },
  { fusion: mlp, keys: generated },
];

function open({ fusion, keys }: Reader, options: Parameters<typeof tinyWorld>[1] = {}): Promise<TinyWorld> {
  return tinyWorld(fusion.create(readConfig(fusion.config, keys, 'fusion')), options);
}

for (const reader of readers) {
  describe(`${reader.fusion.id} and what a row may know`, () => {
    let world: TinyWorld;

    before(async () => {
      await tf.setBackend('cpu');
      world = await open(reader);
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
      const { users } = chooseScope(leaveOneOut(world.dataset), new kar.config());
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

    it('leaves a batch alone in which no row has a text', async () => {
      const { users } = chooseScope(leaveOneOut(world.dataset), new kar.config());
      const first = new Set(users.map(({ shown }) => shown[0]));
      const item = Array.from({ length: world.dataset.itemCount }, (_, i) => i + 1).find(
        (i) => !first.has(i),
      );
      assert.ok(item !== undefined);
      const batch = batchOf([{ user: -1, history: Int32Array.of(item), next: item }]);
      assert.deepEqual(await rowsWithText(batch), [false]);
    });

    it('a text is lost when an item it was shown is another or masked', async () => {
      const sequence = sequencesOf(world).reduce((a, b) => (b.history.length > a.history.length ? b : a));
      const batch = batchOf([{ ...sequence, user: -1 }]);
      const last = batch.rows.count - 1;
      assert.equal(
        (await rowsWithText(batch))[last],
        true,
        'a user who is not known is served by the history',
      );
      for (const item of [0, (batch.items[1] % world.dataset.itemCount) + 1]) {
        const items = batch.items.slice();
        items[1] = item;
        assert.equal((await rowsWithText({ ...batch, items }))[last], false, `item ${item}`);
      }
    });
  });
}

describe('Generated texts', () => {
  before(() => tf.setBackend('cpu'));

  it('are asked for by the first fusion that reads them; the others find them stored', async () => {
    const texts = new MemoryTextStore();
    const sent: string[][] = [];
    for (const reader of readers) {
      const tiny = tinyKnowledge();
      const mine: string[] = [];
      const knowledge: KnowledgeLLM & { readonly decoder: TinyDecoder } = {
        ...tiny,
        generate: (prompts, options) => {
          mine.push(...prompts);
          return tiny.generate?.(prompts, options) ?? Promise.resolve([]);
        },
      };
      (await open(reader, { texts, knowledge })).dispose();
      sent.push(mine);
    }
    const { users, items } = chooseScope(leaveOneOut(tinyDataset()), new kar.config());
    const [first, ...others] = sent;
    assert.ok(users.length > 10 && first.length > users.length / 2 + items.length);
    assert.equal(new Set(first).size, first.length);
    assert.deepEqual(others, [[], []]);
  });

  for (const [name, reader] of [
    ['concat', { fusion: concat, keys: { ...generated, itemText: true, users: 4 } }],
    ['kar', { ...readers[0], keys: { ...readers[0].keys, users: 4 } }],
  ] as const) {
    it(`of items join their vectors; an item without one keeps the backbone’s (${name})`, async () => {
      const world = await open(reader);
      addNoise(world, 0.05);
      const { items } = chooseScope(
        leaveOneOut(world.dataset),
        readConfig(kar.config, { users: 4 }, 'fusion'),
      );
      const V = world.dataset.itemCount;
      const rows = (fused: boolean, read: (vectors: ItemVectors) => tf.Tensor2D): number[][] =>
        tf.tidy(() => {
          world.model.fused = fused;
          return read(world.model.itemVectors()).arraySync();
        });
      const bare = rows(false, (vectors) => vectors.block(0, V + 1));
      const joined = rows(true, (vectors) => vectors.block(0, V + 1));
      const changed = bare.flatMap((row, item) => (row.some((x, d) => x !== joined[item][d]) ? [item] : []));
      assert.deepEqual(changed, items);
      assert.ok(items.length > 0 && items.length < V - 1);
      // The same in parts and by id.
      const near = (actual: number[][], expected: number[][]): void =>
        actual.forEach((row, n) => row.forEach((x, d) => assert.ok(Math.abs(x - expected[n][d]) < 1e-5)));
      for (const [from, to] of [
        [0, 5],
        [3, V - 2],
        [items[0] + 1, items[1]],
        [V, V + 1],
      ])
        // prettier-ignore
        near(rows(true, (vectors) => vectors.block(from, to)), joined.slice(from, to));
      const ids = [items[1], 0, V, items[0], items[1]];
      near(rows(true, (vectors) => vectors.gather(tf.tensor1d(ids, 'int32'))), ids.map((id) => joined[id])); // prettier-ignore
      world.dispose();
    });
  }

  it('teach what only they teach as much slower as their rows are fewer', async () => {
    const rates = async (reader: Reader): Promise<Map<string, number>> => {
      const world = await open(reader);
      const entries = world.model.parameters.entries();
      const found = new Map(entries.map(({ name, learningRateScale }) => [name, learningRateScale]));
      world.dispose();
      return found;
    };
    const split = leaveOneOut(tinyDataset());
    const rows = split.trainLengths.reduce((sum, length) => sum + length - 1, 0);
    const { users } = chooseScope(split, readConfig(kar.config, { users: 4 }, 'fusion'));
    assert.equal(users.length, 4);
    const few = await rates({ ...readers[0], keys: { ...readers[0].keys, users: 4 } });
    for (const name of ['fusion/user/join', 'fusion/adaptor/user/gate', 'fusion/adaptor/user/expert0/inner'])
      assert.ok(Math.abs((few.get(name) ?? NaN) - 4 / rows) < 1e-6, `${name} ${few.get(name)}`);
    for (const name of [
      'fusion/item/join',
      'fusion/adaptor/item/gate',
      'fusion/adaptor/shared/expert0/inner',
    ])
      assert.equal(few.get(name), 1, name);
    const direct = await rates({ fusion: concat, keys: { ...generated, itemText: true, users: 4 } });
    assert.ok(Math.abs((direct.get('fusion/weight') ?? NaN) - 4 / rows) < 1e-6);
    const titles = await rates({ fusion: concat, keys: { textWidth: 8 } });
    assert.equal(titles.get('fusion/weight'), 1);
  });
});
