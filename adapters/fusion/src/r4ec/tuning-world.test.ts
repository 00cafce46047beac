/** What the tests of r4ec's tuning share: a writer that answers by a script, and which trials lead to the right choice. */
import assert from 'node:assert/strict';
import {
  type Dataset,
  type TextPrompt,
  type TextWriter,
  type TunedWriter,
  type TuningConfig,
  type TuningPair,
  type WrittenText,
  leaveOneOut,
  readConfig,
} from '@coco-rec/core';
import { tinyDataset } from '../tiny-world.test.js';
import { R4ecConfig } from './config.js';
import { R4ecFusion } from './r4ec.js';
import { drawChoices } from './trials.js';

export interface Tuned {
  readonly label: string;
  readonly pairs: readonly TuningPair[] | undefined;
  readonly config: TuningConfig;
  /** Steps that it was asked. */
  readonly steps: string[];
  disposed: boolean;
}

type Script = (step: string, prompt: TextPrompt, at: number) => Partial<WrittenText>;

export class ScriptedWriter implements TextWriter {
  readonly steps = new Map<string, readonly TextPrompt[]>();
  readonly tunings: Tuned[] = [];

  constructor(private readonly script: Script) {}

  write(step: string, prompts: readonly TextPrompt[]): Promise<WrittenText[]> {
    this.steps.set(step, prompts);
    return Promise.resolve(
      prompts.map((prompt, at) => ({ shown: prompt.shown, flags: [], ...this.script(step, prompt, at) })),
    );
  }

  tuned(label: string, pairs: readonly TuningPair[] | undefined, config: TuningConfig): Promise<TunedWriter> {
    const tuned: Tuned = { label, pairs, config, steps: [], disposed: false };
    this.tunings.push(tuned);
    return Promise.resolve({
      pairCount: pairs?.length ?? 0,
      write: (step, prompts) => {
        assert.ok(!tuned.disposed);
        tuned.steps.push(step.replace(/^r4ec: /, ''));
        return this.write(step, prompts);
      },
      dispose: () => (tuned.disposed = true),
    });
  }

  of(step: string): readonly TextPrompt[] {
    return this.steps.get(`r4ec: ${step}`) ?? [];
  }

  pairs(label: string): readonly TuningPair[] {
    const found = this.tunings.find((tuned) => tuned.label === `r4ec: ${label}`)?.pairs;
    assert.ok(found, label);
    return found;
  }
}

export const dataset = tinyDataset();
export const configOf = (keys: object = {}): R4ecConfig =>
  readConfig(R4ecConfig, { tuning: { users: 8 }, heldBack: 1, ...keys }, 'fusion');

export async function ask(writer: TextWriter, keys: object = {}, on: Dataset = dataset): Promise<R4ecFusion> {
  const fusion = new R4ecFusion(configOf(keys));
  await fusion.extract({ ...leaveOneOut(on), writer });
  return fusion;
}

const isRight = (users: readonly string[], first = true) => {
  return (prompt: TextPrompt, right: 0 | 1): string =>
    users.includes(prompt.shown.user ?? '') === first
      ? ['first', 'second'][right]
      : ['second', 'first'][right];
};

/** Which place is right in each user's trial. */
export const rights = new Map(
  drawChoices(leaveOneOut(dataset), configOf(), 8).map(
    ({ own, isSecond }) => [dataset.users.get(own.user), isSecond ? 1 : 0] as const,
  ),
);
export const trialUsers = [...rights.keys()];
/** Of these the first thought leads to the right choice; of the first of the others the second one does. */
export const quick = trialUsers.slice(0, 3);
export const slow = trialUsers.slice(3, 5);

export const script: Script = (step, prompt, at) => {
  const user = prompt.shown.user ?? '';
  const right = rights.get(user) ?? 0;
  if (/target-verdict$/.test(step)) return { text: isRight(quick)(prompt, right) };
  if (/target-verdict 2$/.test(step)) return { text: isRight(slow)(prompt, right) };
  if (/judgement/.test(step)) return { text: 'The description is not reasonable.' };
  return { text: `${step.replace(/^r4ec: /, '')} of ${user || at}` };
};
