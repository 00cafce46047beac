/** Which choices r4ec is tuned on, and that no held-out item is in them. */
import assert from 'node:assert/strict';
import { type Dataset, historyOf, leaveOneOut } from '@coco-rec/core';
import { drawChoices, trialsOf } from './trials.js';
import { ScriptedWriter, type Tuned, ask, configOf, dataset, script } from './tuning-world.test.js';
import { chosenOption, namesHidden } from './verdict.js';

/** The titles of all items. */
const titles = Array.from({ length: dataset.itemCount }, (_, i) => dataset.texts?.get(i + 1) ?? '').filter((title) => title !== ''); // prettier-ignore

/** The same users with other items at the end of their histories. */
function withHeldOut(change: (history: number[]) => number[]): Dataset {
  const sequence = Int32Array.from(dataset.sequence);
  for (let user = 0; user < dataset.userCount; user++) {
    const [from, to] = [dataset.offsets[user], dataset.offsets[user + 1]];
    sequence.set(change([...dataset.sequence.subarray(from, to)]), from);
  }
  return { ...dataset, sequence };
}

describe('R4ec’s choices', () => {
  const another = (item: number): number => (item % dataset.itemCount) + 1;

  it('are the last interaction that a text may show, after all before it; the other’s target is none of theirs', () => {
    const split = leaveOneOut(dataset);
    for (const heldBack of [1, 2]) {
      const choices = drawChoices(leaveOneOut(dataset), configOf({ heldBack }), 99);
      assert.ok(choices.length > 10);
      for (const { own, other } of choices) {
        const train = [...historyOf(split, own.user, 'train')];
        const allowed = train.slice(0, train.length - heldBack);
        assert.deepEqual([...own.all], allowed.slice(0, own.all.length));
        assert.deepEqual([...own.shown, own.target], [...own.all]);
        const after = allowed.slice(own.all.length).map((item) => dataset.texts?.get(item));
        assert.ok(
          after.every((title) => title === ''),
          'only items without text come after the target',
        );
        assert.ok(!own.all.includes(other.target) && !other.all.includes(own.target));
      }
      const seconds = choices.filter(({ isSecond }) => isSecond).length;
      assert.ok(seconds > 2 && seconds < choices.length - 2, `${seconds} of ${choices.length}`);
    }
    assert.deepEqual(
      drawChoices(leaveOneOut(dataset), configOf({ drawSeed: 2 }), 8).map(({ own }) => own.user).length,
      8,
    );
  });

  it('know no item of the held-out ones: whatever these are, all prompts and pairs are the same', async () => {
    const record = async (on: Dataset): Promise<unknown> => {
      const writer = new ScriptedWriter(script);
      await ask(writer, {}, on);
      return { steps: [...writer.steps], tunings: writer.tunings };
    };
    const original = await record(dataset);
    const swapped = withHeldOut((history) => [...history.slice(0, -2), history.at(-1) ?? 0, history.at(-2) ?? 0]); // prettier-ignore
    const others = withHeldOut((history) => [...history.slice(0, -2), ...history.slice(-2).map(another)]);
    const heldBack = withHeldOut((history) => [...history.slice(0, -3), another(history.at(-3) ?? 0), ...history.slice(-2)]); // prettier-ignore
    for (const changed of [swapped, others]) {
      assert.notDeepEqual(changed.sequence, dataset.sequence);
      assert.deepEqual(await record(changed), original);
    }
    const pairsOf = (recorded: unknown): unknown => (recorded as { tunings: Tuned[] }).tunings.map(({ pairs }) => pairs); // prettier-ignore
    assert.deepEqual(
      pairsOf(await record(heldBack)),
      pairsOf(original),
      'the item held back is not seen either',
    );
    const seen = withHeldOut((history) => [...history.slice(0, -4), another(history.at(-4) ?? 0), ...history.slice(-3)]); // prettier-ignore
    assert.notDeepEqual(pairsOf(await record(seen)), pairsOf(original));
  });

  it('say of each prompt with a target up to where both users were shown', () => {
    const choices = drawChoices(leaveOneOut(dataset), configOf(), 8);
    const [users, items] = (['user', 'item'] as const).map((side) => trialsOf(side, dataset, choices, configOf())); // prettier-ignore
    choices.forEach(({ own, other }, n) => {
      const second = dataset.users.get(other.user);
      const user = dataset.users.get(own.user);
      assert.deepEqual(users[n].withTarget.shown, {
        user,
        shownUntil: own.all.length,
        beside: { user: second, shownUntil: other.all.length },
      });
      const item = dataset.items.get(own.target);
      assert.deepEqual(items[n].withTarget.shown, {
        item,
        user,
        shownUntil: own.shown.length,
        beside: { user: second, shownUntil: other.shown.length },
      });
      for (const { options, right, plain } of [users[n], items[n]]) {
        assert.notEqual(options[right], options[1 - right]);
        assert.ok(!('first' in plain.values));
      }
      assert.equal(users[n].options[users[n].right], dataset.texts?.get(own.target));
      assert.ok(titles.includes(users[n].options[users[n].right]));
    });
  });
});

describe('A verdict', () => {
  const options = ['red lamp', 'blue lamp'] as const;

  it('is read by place, else by the words that only one of the two has', () => {
    const read = (text: string): number | undefined => chosenOption({ text }, options);
    assert.equal(read('The second.'), 1);
    assert.equal(read('First, of course'), 0);
    assert.equal(read('Blue, I think'), 1);
    assert.equal(read('the first is better than the second, so red'), 0);
    for (const text of ['', 'lamp', 'a lamp, red or blue', 'the first or the second'])
      assert.equal(read(text), undefined, text);
    assert.equal(chosenOption({ text: 'first', isTentative: true }, options), undefined);
  });

  it('counts for nothing where the thought gives a title away, unless it was shown anyway', () => {
    const hidden = ['Red Lamp', 'blue lamp'];
    assert.ok(namesHidden('likes a red lamp', hidden, []));
    assert.ok(!namesHidden('likes a lamp, red', hidden, []));
    assert.ok(!namesHidden('likes a red lamp', hidden, ['a small red lamp']));
    assert.ok(!namesHidden('likes lamps', ['', ' '], []));
  });
});
