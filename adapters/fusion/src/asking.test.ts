/** What kar and r4ec ask, and in which order: with a writer that answers from a script. */
import assert from 'node:assert/strict';
import {
  type Dataset,
  type FusionDescriptor,
  type TextPrompt,
  type TextWriter,
  type WrittenText,
  globalTimeSplit,
  leaveOneOut,
  readConfig,
} from '@coco-rec/core';
import { testDataset } from '@coco-rec/core/testing';
import { concat } from './concat.js';
import { kar } from './kar.js';
import { mlp } from './mlp.js';
import { r4ec } from './r4ec/r4ec.js';
import { chooseScope } from './texts/text-scope.js';
import { tinyDataset } from './tiny-world.test.js';

type Answer = string | { readonly failure: string };

/** Remembers the prompts of each step. */
class ScriptedWriter implements TextWriter {
  readonly steps = new Map<string, readonly TextPrompt[]>();
  readonly lengths = new Map<string, number>();

  constructor(private readonly answer: (step: string, at: number) => Answer) {}

  async write(
    step: string,
    prompts: readonly TextPrompt[],
    { maxTokens }: { maxTokens: number },
  ): Promise<WrittenText[]> {
    this.steps.set(step, prompts);
    this.lengths.set(step, maxTokens);
    return prompts.map(({ shown }, at) => {
      const answer = this.answer(step, at);
      return { shown, flags: [], ...(typeof answer === 'string' ? { text: answer } : answer) };
    });
  }
}

const dataset = tinyDataset();

async function ask(fusion: FusionDescriptor, keys: object, writer: ScriptedWriter): Promise<void> {
  await fusion.create(readConfig(fusion.config, keys, 'fusion')).extract({ ...leaveOneOut(dataset), writer });
}

describe('KAR asks', () => {
  it('for the factors once, then on each user and item with these factors', async () => {
    const writer = new ScriptedWriter((step) => (step === 'kar: factors' ? 'scent and shine' : 'so'));
    await ask(kar, { domain: 'lamp' }, writer);
    assert.deepEqual([...writer.steps.keys()], ['kar: factors', 'kar: users', 'kar: items']);
    const [factors, users, items] = [...writer.steps.values()];
    const scope = chooseScope(leaveOneOut(dataset), new kar.config());
    assert.deepEqual(
      [factors.length, users.length, items.length],
      [1, scope.users.length, scope.items.length],
    );
    for (const { text, instructions } of [...users, ...items]) {
      assert.match(text, /<data>\nscent and shine\n<\/data>/);
      assert.match(text, /lamp/);
      assert.doesNotMatch(instructions, /scent/, 'an answer is data to the next prompt');
    }
    assert.deepEqual([factors[0].shown, items[0].shown], [{}, { item: dataset.items.get(scope.items[0]) }]);
  });

  it('shows a user no interaction past shownUntil', async () => {
    const writer = new ScriptedWriter(() => 'so');
    await ask(kar, { heldBack: 2 }, writer);
    const titles = Array.from({ length: dataset.itemCount }, (_, i) => dataset.texts?.get(i + 1) ?? '');
    let checked = 0;
    for (const { text, shown } of writer.steps.get('kar: users') ?? []) {
      const user = dataset.users.indexOf(shown.user ?? '') ?? -1;
      const start = dataset.offsets[user];
      const until = start + (shown.shownUntil ?? Infinity);
      assert.ok(until <= dataset.offsets[user + 1] - 4, 'test, validation and two of training are held back');
      const seen = new Set([...dataset.sequence.subarray(start, until)].map((item) => titles[item - 1]));
      for (const title of titles.filter((title) => title !== '' && !seen.has(title))) {
        assert.ok(!text.split('\n').includes(title), `${shown.user} is shown ${title}`);
        checked++;
      }
    }
    assert.ok(checked > 50);
  });

  it('nothing more when the factors could not be had, but goes on where the model has none', async () => {
    const down = new ScriptedWriter(() => ({ failure: 'the server said 500' }));
    await assert.rejects(ask(kar, {}, down), /did not name the factors \(the server said 500\)/);
    assert.equal(down.steps.size, 1);
    for (const empty of [
      { failure: 'api.example.org: it had no word.', failureKind: 'empty' as const },
      { failure: 'api.example.org: the answer is empty, after 2 retries.' }, // stored by an older version
    ]) {
      const mute = new ScriptedWriter(() => empty);
      await ask(kar, { fallbackFactors: 'price' }, mute);
      assert.match(mute.steps.get('kar: items')?.[0].text ?? '', /\nprice\n/);
    }
  });
});

describe('concat and mlp with generated text ask', () => {
  it('what KAR asks, word for word, for items only where their text is read', async () => {
    const keys = { domain: 'lamp', heldBack: 2, users: 12, popularItems: 5, shownItems: 2, answerTokens: 7 };
    const writers = await Promise.all(
      [
        { fusion: kar, more: {} },
        { fusion: concat, more: { source: 'generated', itemText: true } },
        { fusion: mlp, more: { source: 'generated' } },
      ].map(async ({ fusion, more }) => {
        const writer = new ScriptedWriter((step) => `answer to ${step.replace(/^.*: /, '')}`);
        await ask(fusion, { ...keys, ...more }, writer);
        return writer;
      }),
    );
    const [ofKAR, ofConcat, ofMLP] = writers.map(({ steps, lengths }) =>
      [...steps].map(([step, prompts]) => [step.split(': ')[1], lengths.get(step), prompts]),
    );
    assert.deepEqual(ofConcat, ofKAR);
    assert.deepEqual(ofMLP, ofKAR.slice(0, 2));
    assert.deepEqual([...writers[1].steps.keys()], ['concat: factors', 'concat: users', 'concat: items']);
  });

  it('what R4ec asks where that is wanted, and say so', async () => {
    const keys = { domain: 'lamp', heldBack: 2, users: 12, popularItems: 5, answerTokens: 7, rounds: 2 };
    const more = { source: 'generated', questions: 'r4ec' };
    const writers = await Promise.all(
      [
        { fusion: r4ec, keys },
        { fusion: concat, keys: { ...keys, ...more, itemText: true } },
        { fusion: mlp, keys: { ...keys, ...more } },
      ].map(async (asked) => {
        const writer = new ScriptedWriter((step, at) =>
          /judgement/.test(step) && at % 2
            ? 'It is reasonable.'
            : `not reasonable, ${step.replace(/^.*: /, '')}`,
        );
        await ask(asked.fusion, asked.keys, writer);
        return writer;
      }),
    );
    const [ofR4ec, ofConcat, ofMLP] = writers.map(({ steps, lengths }) =>
      [...steps].map(([step, prompts]) => [step.split(': ')[1], lengths.get(step), prompts]),
    );
    assert.ok(ofR4ec.some(([step]) => step === 'items, refinement 2'));
    assert.deepEqual(ofConcat, ofR4ec);
    assert.deepEqual(
      ofMLP,
      ofR4ec.filter(([step]) => String(step).startsWith('users')),
    );
    assert.ok([...writers[1].steps.keys()].every((step) => step.startsWith('concat: ')));
  });

  it('nothing where they read titles', async () => {
    const writer = new ScriptedWriter(() => 'so');
    await ask(concat, { itemText: true }, writer);
    assert.equal(writer.steps.size, 0);
  });
});

describe('R4ec asks', () => {
  const count = chooseScope(leaveOneOut(dataset), new r4ec.config()).users.length;

  it('until the reflector is content, and refines with answer and critique', async () => {
    const verdict = (step: string, at: number): string => {
      if (/judgement 1/.test(step)) return at < 2 ? 'The description is not reasonable.' : 'hm';
      return at === 0 ? 'not reasonable' : 'The description is reasonable.';
    };
    const writer = new ScriptedWriter((step, at) =>
      /judgement/.test(step) ? verdict(step, at) : `${step} ${at}`,
    );
    await ask(r4ec, { rounds: 4 }, writer);
    const sizes = [...writer.steps].map(([step, prompts]) => [step.replace('r4ec: ', ''), prompts.length]);
    assert.deepEqual(sizes.filter(([step]) => /users/.test(String(step))).slice(0, 9), [
      ['users, thinking', count],
      ['users, judgement 1', count],
      ['users, critique 1', 2],
      ['users, refinement 1', 2],
      ['users, judgement 2', 2],
      ['users, critique 2', 1],
      ['users, refinement 2', 1],
      ['users, judgement 3', 1],
      ['users, critique 3', 1],
    ]);
    assert.ok(writer.steps.has('r4ec: users, refinement 4') && !writer.steps.has('r4ec: users, judgement 5'));
    const refinement = writer.steps.get('r4ec: users, refinement 1')?.[1].text ?? '';
    assert.match(refinement, /\nr4ec: users, thinking 1\n.*\nr4ec: users, critique 1 1\n/s);
    const judged = writer.steps.get('r4ec: users, judgement 2')?.map(({ text }) => text) ?? [];
    assert.match(judged[1], /refinement 1 1/, 'what is judged again is the refined thought');
    assert.ok(
      (writer.lengths.get('r4ec: users, judgement 1') ?? 0) <
        (writer.lengths.get('r4ec: users, thinking') ?? 0),
    );
  });

  it('all steps on 256 users before it goes on with the next', async () => {
    const many = tinyDataset(300);
    const { length } = chooseScope(leaveOneOut(many), new r4ec.config()).users;
    const asked: [string, number][] = [];
    const writer: TextWriter = {
      write: (step, prompts) => {
        asked.push([step, prompts.length]);
        return Promise.resolve(prompts.map(({ shown }) => ({ text: 'reasonable', flags: [], shown })));
      },
    };
    await r4ec.create(new r4ec.config()).extract({ ...leaveOneOut(many), writer });
    assert.ok(length > 256);
    assert.deepEqual(asked.slice(0, 4), [
      ['r4ec: users, thinking', 256],
      ['r4ec: users, judgement 1', 256],
      ['r4ec: users, thinking', length - 256],
      ['r4ec: users, judgement 1', length - 256],
    ]);
  });

  it('no more than thinking with rounds: 0, and keeps a thought whose refinement fails', async () => {
    const alone = new ScriptedWriter(() => 'so');
    await ask(r4ec, { rounds: 0 }, alone);
    assert.deepEqual([...alone.steps.keys()], ['r4ec: users, thinking', 'r4ec: items, thinking']);
    const failing = new ScriptedWriter((step) => {
      if (/judgement/.test(step)) return 'not reasonable';
      return /refinement/.test(step) ? { failure: 'no' } : 'the first thought';
    });
    await ask(r4ec, { rounds: 2 }, failing);
    assert.match(failing.steps.get('r4ec: users, judgement 2')?.[0].text ?? '', /the first thought/);
  });
});

describe('With a global time split', () => {
  const data = testDataset({ users: 40 });
  const split = globalTimeSplit(data, { validationShare: 0.2, testShare: 0.2 });
  const { validationFrom } = split.rule;
  const isLate = (i: number): boolean => (data.times?.[i] ?? NaN) >= validationFrom;
  const another = (item: number): number => (item % data.itemCount) + 1;
  const changed = (which: (i: number) => boolean): Dataset => ({
    ...data,
    sequence: data.sequence.map((item, i) => (which(i) ? another(item) : item)),
  });

  const asked: readonly (readonly [FusionDescriptor, object])[] = [
    [kar, { users: 9, popularItems: 4 }],
    [r4ec, {}],
    [concat, { source: 'generated' }],
  ];
  for (const [fusion, keys] of asked) {
    it(`no prompt knows what is at or after the cut: ${fusion.id} ${JSON.stringify(keys)}`, async () => {
      const prompts = async (dataset: Dataset): Promise<[string, readonly TextPrompt[]][]> => {
        const writer = new ScriptedWriter((step) => (/judgement/.test(step) ? 'reasonable' : step));
        const unit = fusion.create(readConfig(fusion.config, keys, 'fusion'));
        await unit.extract({ ...globalTimeSplit(dataset, { validationShare: 0.2, testShare: 0.2 }), writer });
        return [...writer.steps];
      };
      const original = await prompts(data);
      let checked = 0;
      for (const { shown } of original.flatMap(([, list]) => list)) {
        const user = data.users.indexOf(shown.user ?? '');
        if (user === undefined) continue;
        checked++;
        assert.ok((shown.shownUntil ?? NaN) < split.trainLengths[user]);
      }
      assert.ok(checked > 5);
      assert.deepEqual(await prompts(changed(isLate)), original);
      assert.notDeepEqual(await prompts(changed((i) => !isLate(i))), original);
    });
  }

  it('users whose texts are known are drawn from those with training interactions', () => {
    const config = readConfig(kar.config, { users: 9 }, 'fusion');
    const known = kar.knownUsers?.(config, split) ?? [];
    assert.equal(known.length, 9);
    assert.ok(known.every((user) => split.trainLengths[user] > 1));
    assert.notDeepEqual(known, kar.knownUsers?.(config, leaveOneOut(data)));
  });
});
