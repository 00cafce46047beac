/** What is held out must not reach training: the same numbers bit by bit, whatever the held-out items are. */
import assert from 'node:assert/strict';
import {
  type Histories,
  type SmallRun,
  run,
  runUntil,
  smallConfig,
  smallShop,
  temporaryFolder,
  trainingOf,
  writeShop,
} from './support/small-run.js';
import type { PlainConfig } from '@coco-rec/standard';
import { startTestEngine } from './support/engine.js';

/** Another item than any in the history. */
function stranger(history: readonly string[], nth: number): string {
  const others = Array.from({ length: 30 }, (_, i) => `item${i + 1}`).filter(
    (item) => !history.includes(item),
  );
  return others[nth % others.length];
}

const change = (how: (history: string[], nth: number) => string[]): Histories =>
  new Map([...smallShop()].map(([user, history], nth) => [user, how(history, nth)]));

const otherTest = change((history, nth) => [...history.slice(0, -1), stranger(history, nth)]);
const swapped = change((history) => [
  ...history.slice(0, -2),
  history[history.length - 1],
  history[history.length - 2],
]);
const otherTraining = change((history, nth) => [stranger(history, nth), ...history.slice(1)]);

const texts = { answerTokens: 2, shownItems: 2, textWidth: 4 };
const experts = { ...texts, specificExperts: 1, expertHidden: 6, expertWidth: 4 };
const fusions: readonly (PlainConfig & { readonly id: string })[] = [
  { id: 'none' },
  { id: 'coco' },
  { id: 'kar', ...experts },
  { id: 'r4ec', ...experts },
  { id: 'concat', source: 'generated', ...texts },
];

for (const fusion of fusions) {
  describe(`what is held out, sasrec with ${fusion.id}`, () => {
    const { folder, remove } = temporaryFolder();
    before(startTestEngine);
    after(remove);

    let runs = 0;
    const config = async (histories: Histories): Promise<Record<string, unknown>> => {
      const name = `${fusion.id}-${++runs}`;
      return smallConfig(await writeShop(folder, name, histories), fusion, `${folder}/run-${name}`);
    };
    let original: SmallRun;
    before(async () => {
      original = await run(await config(smallShop()));
    });

    it('another test item for everybody changes the test figures and nothing else', async () => {
      const changed = await run(await config(otherTest));
      assert.notDeepEqual(changed.test, original.test);
      assert.deepEqual(changed.validation, original.validation);
      assert.deepEqual(changed.epochs, original.epochs);
      assert.deepEqual(changed.weights, original.weights);
    });

    it('validation and test items the other way round change nothing of training', async () => {
      const changed = await run(await config(swapped));
      assert.notDeepEqual(changed.validation, original.validation);
      assert.deepEqual(trainingOf(changed), trainingOf(original));
      // The weights that are kept are chosen by validation, so look at those after the last step.
      const weights = async (histories: Histories): Promise<[string, unknown][]> => {
        const saved = await runUntil(await config(histories), original.steps);
        return [...saved].filter(([name]) => !name.startsWith('best/'));
      };
      const expected = await weights(smallShop());
      assert.ok(expected.some(([name]) => name.startsWith('adam/')));
      assert.deepEqual(await weights(swapped), expected);
    });

    it('another training item does change training', async () => {
      const changed = await run(await config(otherTraining));
      assert.notDeepEqual(trainingOf(changed), trainingOf(original));
      assert.notDeepEqual(changed.weights, original.weights);
    });
  });
}
