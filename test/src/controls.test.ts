/** Every fusion that has `control`, trained with each of its controls: they train, take something away, and are reproducible. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { Registry, describedKeys } from '@coco-rec/core';
import { type PlainConfig, builtInUnits } from '@coco-rec/standard';
import { startTestEngine } from './support/engine.js';
import {
  type SmallRun,
  run,
  smallConfig,
  smallShop,
  temporaryFolder,
  writeShop,
} from './support/small-run.js';

const fusions = new Registry(builtInUnits)
  .list('fusion')
  .filter(({ config }) => describedKeys(config).some(({ key }) => key === 'control'))
  .map(({ id }) => id);

const prompts = (name: string): string => join(import.meta.dirname, `../prompts/${name}.liquid`);
const writing = { answerTokens: 6, shownItems: 3, textWidth: 8 };
const experts = { specificExperts: 1, expertHidden: 8, expertWidth: 4 };
const [user, item, answer] = ['history', 'item', 'answer'].map(prompts);
/** Short prompts and answers are fast; the answers differ. */
const keys: Readonly<Record<string, PlainConfig>> = {
  kar: { ...writing, ...experts, templates: { preference: user, factual: item } },
  r4ec: {
    ...writing,
    ...experts,
    templates: {
      'user-thinking': user,
      'user-judgement': answer,
      'item-thinking': item,
      'item-judgement': answer,
    },
  },
};

type Epochs = SmallRun['epochs'];
const stage = ({ epochs }: SmallRun, name: string): Epochs => epochs.filter((epoch) => epoch.stage === name);
const lossesOf = (epochs: Epochs): number[] => epochs.map(({ recommendation }) => Number(recommendation));

/** How far gates and joins are open, which start at 0. */
const openings = (epoch: Epochs[number]): number[] =>
  Object.entries(epoch).flatMap(([name, value]) => (name.startsWith('mean |') ? [Number(value)] : []));

it('controls are had by all fusions that read texts', () =>
  assert.deepEqual(fusions, ['text', 'concat', 'mlp', 'kar', 'r4ec', 'coco']));

for (const id of fusions) {
  describe(`${id} and its controls`, () => {
    const { folder, remove } = temporaryFolder();
    let data: PlainConfig;
    let plain: SmallRun;
    let random: SmallRun | undefined;

    const train = (control: string, name = control): Promise<SmallRun> =>
      run(smallConfig(data, { id, control, ...keys[id] }, join(folder, name), { epochs: 2, warmEpochs: 1 }));

    before(async () => {
      await startTestEngine();
      data = await writeShop(folder, 'shop', smallShop());
      plain = await train('none');
    });
    after(remove);

    for (const control of ['placebo', 'random']) {
      it(`${control}: trains, from the same warm start to another model`, async () => {
        const controlled = await train(control);
        if (control === 'random') random = controlled;
        const joint = stage(controlled, 'joint');
        const losses = lossesOf(controlled.epochs);
        assert.ok(losses.length === 2 && losses.every(Number.isFinite), losses.join());
        assert.ok(losses[1] < losses[0], losses.join());
        const open = openings(joint[joint.length - 1]);
        assert.ok(open.length > 0 && open.every((size) => size > 0), open.join());
        assert.deepEqual(stage(controlled, 'warm'), stage(plain, 'warm'));
        assert.notDeepEqual(lossesOf(joint), lossesOf(stage(plain, 'joint')));
      });
    }

    it('random: the same for the same seed', async () => {
      const again = await train('random', 'random-again');
      assert.deepEqual(again.epochs, random?.epochs);
      assert.deepEqual(again.weights, random?.weights);
      assert.deepEqual(again.test, random?.test);
    });
  });
}
