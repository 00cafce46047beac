/** Under a global time split nothing at or after the first cut reaches training, of whichever user it is. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { NamedArray } from '@coco-rec/core';
import type { PlainConfig } from '@coco-rec/standard';
import { startTestEngine } from './support/engine.js';
import {
  type SmallRun,
  type Visit,
  run,
  runUntil,
  smallConfig,
  smallVisits,
  temporaryFolder,
  trainingOf,
  writeVisits,
} from './support/small-run.js';

const evaluate = { topK: [5, 10], split: 'global-time', validationShare: 0.2, testShare: 0.2 };
const visits = smallVisits();
/** With the 30 of the user who has everything. */
const count = visits.length + 30;
const heldOut = 2 * Math.round(count * 0.2);
const [past, future] = [visits.slice(0, -heldOut), visits.slice(-heldOut)];
const rotated = <Value>(list: readonly Value[], by: number): Value[] => [...list.slice(by), ...list.slice(0, by)]; // prettier-ignore

/** The item after it in the catalogue. */
const nextTo = ({ item }: Visit): string => `item${(Number(item.slice(4)) % 30) + 1}`;

/** What is after the cut, in other ways. The number of interactions and their times decide the cut: they stay. */
const futures: Readonly<Record<string, Visit[]>> = {
  'other items': future.map((visit) => ({ ...visit, item: nextTo(visit) })),
  'other users, some of them new': future.map((visit, i) => ({ ...visit, user: i % 5 === 0 ? `new${i % 7}` : rotated(future, 17)[i].user })), // prettier-ignore
  'later times': future.map((visit, i) => ({ ...visit, time: visit.time + (i > 0 ? 40_000_000 : 0) })),
};

const texts = { answerTokens: 2, shownItems: 2, textWidth: 4 };
const experts = { ...texts, specificExperts: 1, expertHidden: 6, expertWidth: 4 };
const small = { dimension: 16, maxLength: 12 };
const cases: readonly (readonly [name: string, fusion: PlainConfig & { id: string }, more?: PlainConfig])[] =
  [
    ['sasrec with popular negatives', { id: 'none' }, { train: { loss: { id: 'sampled-softmax', count: 6, negatives: 'popularity' } } }], // prettier-ignore
    ['bert4rec', { id: 'none' }, { backbone: { id: 'bert4rec', ...small } }],
    ['pinnerformer', { id: 'none' }, { backbone: { id: 'pinnerformer', ...small, timeEncoding: true } }],
    ['sasrec with coco', { id: 'coco' }],
    ['sasrec with kar', { id: 'kar', ...experts, users: 12, popularItems: 5 }],
    ['sasrec with r4ec', { id: 'r4ec', ...experts }],
  ];

const { folder, remove } = temporaryFolder();
before(startTestEngine);
after(remove);

let runs = 0;

async function configOf(
  later: readonly Visit[],
  fusion: PlainConfig & { id: string },
  more: PlainConfig = {},
  earlier: readonly Visit[] = past,
): Promise<PlainConfig> {
  const name = `run${++runs}`;
  const data = await writeVisits(folder, name, [...earlier, ...later]);
  const config = smallConfig(data, fusion, join(folder, name), more.train as PlainConfig | undefined);
  return { ...config, evaluate, ...(more.backbone ? { backbone: more.backbone } : {}) };
}

/** Weights and Adam's moments after the last step; the weights that are kept are chosen by validation. */
async function weightsAt(config: PlainConfig, step: number): Promise<[string, NamedArray][]> {
  const saved = await runUntil(config, step);
  return [...saved].filter(([name]) => !name.startsWith('best/'));
}

for (const [name, fusion, more] of cases) {
  describe(`after the cut, ${name}`, function () {
    this.timeout(240_000);
    let original: SmallRun;
    let weights: [string, NamedArray][];
    before(async () => {
      original = await run(await configOf(future, fusion, more));
      weights = await weightsAt(await configOf(future, fusion, more), original.steps);
      assert.ok(weights.some(([tensor]) => tensor.startsWith('adam/')));
    });

    it('anything else changes the figures and nothing of training', async () => {
      for (const [how, later] of Object.entries(futures)) {
        const config = await configOf(later, fusion, more);
        assert.deepEqual(await weightsAt(config, original.steps), weights, how);
      }
      const changed = await run(await configOf(futures['other items'], fusion, more));
      assert.notDeepEqual([changed.validation, changed.test], [original.validation, original.test]);
      assert.deepEqual(trainingOf(changed), trainingOf(original));
    });

    it('nothing changes training, but another item before it does', async () => {
      const earlier = past.map((visit, i) =>
        i === past.length - 1 ? { ...visit, item: nextTo(visit) } : visit,
      );
      const changed = await run(await configOf(future, fusion, more, earlier));
      assert.notDeepEqual(trainingOf(changed), trainingOf(original));
    });
  });
}
