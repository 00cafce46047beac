/** What r4ec tunes its actor and reflector on, and whom it asks then: with a writer that answers by a script. */
import assert from 'node:assert/strict';
import { leaveOneOut } from '@coco-rec/core';
import { chooseScope } from '../texts/text-scope.js';
import { R4ecConfig } from './config.js';
import { R4ecFusion, r4ec } from './r4ec.js';
import { drawChoices } from './trials.js';
import {
  ScriptedWriter,
  ask,
  configOf,
  dataset,
  quick,
  script,
  slow,
  trialUsers,
} from './tuning-world.test.js';

describe('R4ec tunes', () => {
  it('the actor on right thoughts and on refinements that became right, the reflector on judgement and critique', async () => {
    const writer = new ScriptedWriter(script);
    await ask(writer);
    for (const side of ['users', 'items']) {
      const actor = writer.pairs(`${side}, tuning the actor`).map(({ answer }) => answer);
      assert.deepEqual(actor, [
        ...quick.map((user) => `${side}, target-thinking of ${user}`),
        ...slow.map((user) => `${side}, target-refinement of ${user}`),
      ]);
      const reflector = writer.pairs(`${side}, tuning the reflector`).map(({ answer }) => answer);
      assert.deepEqual(reflector, [
        ...quick.map(() => 'The description is reasonable.'),
        ...slow.map(() => 'The description is not reasonable.'),
        ...slow.map((user) => `${side}, target-critique of ${user}`),
      ]);
    }
    const wrong = trialUsers.length - quick.length;
    assert.ok(wrong > slow.length, 'one is never right');
    assert.deepEqual(
      ['target-thinking', 'target-verdict', 'target-critique', 'target-refinement', 'target-verdict 2'].map(
        (step) => writer.of(`users, ${step}`).length,
      ),
      [trialUsers.length, trialUsers.length, wrong, wrong, wrong],
    );
  });

  it('on the prompts of inference, word for word, with what was said before and without either option', async () => {
    const writer = new ScriptedWriter(script);
    const fusion = new R4ecFusion(configOf());
    await fusion.extract({ ...leaveOneOut(dataset), writer });
    const thinking = writer.pairs('users, tuning the actor')[0].prompt;
    const [{ own }] = drawChoices(leaveOneOut(dataset), configOf(), 8);
    const scope = chooseScope(leaveOneOut(dataset), configOf({ heldBack: 1 }));
    const inference = writer.of('users, thinking').map(({ text }) => text);
    assert.equal(inference.length, scope.users.length);
    const instructions = (text: string): string => text.replace(/<data>[^]*?<\/data>/g, 'DATA');
    assert.equal(instructions(thinking), instructions(inference[0]));
    for (const [side, role] of [['users', 'actor'], ['users', 'reflector'], ['items', 'actor'], ['items', 'reflector']]) // prettier-ignore
      for (const { prompt } of writer.pairs(`${side}, tuning the ${role}`)) assert.doesNotMatch(prompt, /The (first|second)|the two|one of these two/); // prettier-ignore
    const refinement = writer.pairs('users, tuning the actor').at(-1)?.prompt ?? '';
    assert.match(refinement, new RegExp(`target-thinking of ${slow[1]}\n.*target-critique of ${slow[1]}\n`, 's')); // prettier-ignore
    const lines = thinking.split('\n');
    const shown = Array.from(own.shown, (item) => dataset.texts?.get(item) ?? '');
    assert.ok(shown.filter(Boolean).every((title) => lines.includes(title)));
    assert.ok(!lines.includes(dataset.texts?.get(own.target) ?? ''));
  });

  it('no pair from a thought or critique that names an option, repeats its prompt or has no verdict', async () => {
    const target = (user: string): string => {
      const choices = drawChoices(leaveOneOut(dataset), configOf(), 8);
      const choice = choices.find(({ own }) => dataset.users.get(own.user) === user);
      return dataset.texts?.get(choice?.own.target ?? 0) ?? '';
    };
    const named = new ScriptedWriter((step, prompt, at) => {
      const user = prompt.shown.user ?? '';
      if (/users, target-thinking/.test(step) && user === quick[0])
        return { text: `A ${target(user)}, that is it` };
      if (/users, target-critique/.test(step) && user === slow[0])
        return { text: `why not a ${target(user)}?` };
      if (/users, target-verdict$/.test(step) && user === quick[1]) return { failure: 'no', text: undefined };
      if (/users, target-refinement/.test(step) && user === slow[1]) return { text: 'echo', flags: ['echo'] };
      return script(step, prompt, at);
    });
    await ask(named);
    assert.deepEqual(
      named.pairs('users, tuning the actor').map(({ answer }) => answer),
      [`users, target-thinking of ${quick[2]}`],
    );
    assert.equal(named.pairs('users, tuning the reflector').length, 1);
    assert.equal(named.pairs('items, tuning the actor').length, 5);
  });

  it('and then thinks and refines by the actor, judges and criticises by the reflector; both are freed', async () => {
    const writer = new ScriptedWriter(script);
    const fusion = await ask(writer, { rounds: 1, tuning: { users: 8, rank: 4 }, drawSeed: 1 });
    assert.deepEqual(
      writer.tunings.map(({ label, steps }) => [label, ...steps]),
      ['users', 'items'].flatMap((side) => [
        [`r4ec: ${side}, tuning the actor`, `${side}, thinking`, `${side}, refinement 1`],
        [`r4ec: ${side}, tuning the reflector`, `${side}, judgement 1`, `${side}, critique 1`],
      ]),
    );
    assert.ok(writer.tunings.every(({ disposed }) => disposed));
    assert.equal(writer.tunings[0].config.rank, 4);
    assert.equal(writer.tunings[0].config.seed, 1);
    assert.equal(
      fusion.report(),
      'tuned by LoRA on 24 pairs (users: actor 5, reflector 7; items: actor 5, reflector 7)',
    );
    const failing = new ScriptedWriter((step, prompt, at) => {
      if (/users, judgement/.test(step)) throw new Error('the server is gone');
      return script(step, prompt, at);
    });
    await assert.rejects(ask(failing), /is gone/);
    assert.ok(failing.tunings.length === 2 && failing.tunings.every(({ disposed }) => disposed));
  });

  it('nothing while answers are missing, and asks then for all that there may be', async () => {
    const looking = new ScriptedWriter((step, prompt, at) =>
      /target/.test(step) ? { text: 'word word', isTentative: true } : script(step, prompt, at),
    );
    await ask(looking);
    assert.deepEqual(
      looking.tunings.map(({ pairs }) => pairs),
      [undefined, undefined, undefined, undefined],
    );
    assert.equal(looking.of('users, target-verdict 2').length, trialUsers.length);
  });

  it('nothing at all by default, and says that it is prompt-only', async () => {
    const writer = new ScriptedWriter(script);
    const fusion = await ask(writer, { tuning: false });
    assert.equal(writer.tunings.length, 0);
    assert.ok(![...writer.steps.keys()].some((step) => /target/.test(step)));
    assert.match(fusion.report(), /^prompt-only/);
    assert.equal(new R4ecConfig().tuning, false);
    assert.equal(r4ec.needs(configOf({ tuning: false })).knowledge?.tune, undefined);
    for (const tuning of [true, { users: 2 }])
      assert.equal(r4ec.needs(configOf({ tuning })).knowledge?.tune, true);
    assert.throws(
      () => configOf({ tuning: { user: 3 } }),
      /"fusion\.tuning".*"fusion\.tuning\.user".*"users"/,
    );
  });
});
