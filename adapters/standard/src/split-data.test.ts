import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { type RunConfig, UsageError, globalTimeSplit, leaveOneOut } from '@coco-rec/core';
import { testDataset } from '@coco-rec/core/testing';
import { checkConfig } from './load-config.js';
import { nodeHasher } from './node-ports.js';
import { protocolOf } from './result.js';
import { configKey, warmKey } from './run.js';
import { demandHeldOut, sharesOf, splitData, splitHash, tellSplit } from './split-data.js';

const configOf = (evaluate: object): RunConfig => checkConfig({ data: { format: 'csv' }, evaluate });
const byTime = (keys: object = {}): RunConfig => configOf({ split: 'global-time', ...keys });
const dataset = testDataset();

describe('the split by config', () => {
  it('is leave-one-out, or by time with a tenth each', () => {
    assert.deepEqual(splitData(dataset, configOf({}).evaluate), leaveOneOut(dataset));
    const expected = globalTimeSplit(dataset, { validationShare: 0.1, testShare: 0.1 });
    assert.deepEqual(splitData(dataset, byTime().evaluate), expected);
    const { evaluate } = byTime({ validationShare: 0.3, testShare: 0.2 });
    assert.deepEqual(sharesOf(evaluate), { validationShare: 0.3, testShare: 0.2 });
    assert.notDeepEqual(splitData(dataset, evaluate).trainLengths, expected.trainLengths);
  });

  it('refuses shares that do nothing, and shares that leave nothing', () => {
    const refused = (evaluate: object, pattern: RegExp): void =>
      assert.throws(
        () => configOf(evaluate),
        (error: Error) => error instanceof UsageError && pattern.test(error.message),
      );
    refused({ testShare: 0.1 }, /"evaluate.testShare" does nothing with "evaluate.split: leave-one-out"/);
    refused({ split: 'global-time', validationShare: 0.5, testShare: 0.5 }, /sum must be below 1/);
    refused({ split: 'global-time', validationShare: 0 }, /"evaluate.validationShare" is 0/);
    refused({ split: 'random' }, /"evaluate.split" is "random"/);
  });

  it('leaves the names of runs as they were where it is leave-one-out', () => {
    for (const config of [configOf({}), configOf({ split: 'leave-one-out' })]) {
      assert.match(configKey(config), /"evaluate":\{"filter":"none","topK":\[5,10,20\]\},/);
      assert.doesNotMatch(warmKey(config, 'x'), /split|Share|"evaluate"/);
    }
  });

  it('by time is part of the names of runs and warm starts', () => {
    for (const key of [configKey, (config: RunConfig) => warmKey(config, 'x')]) {
      const keys = [configOf({}), byTime(), byTime({ testShare: 0.2 }), byTime({ validationShare: 0.2 })].map(key); // prettier-ignore
      assert.equal(new Set(keys).size, 4);
      assert.equal(key(byTime({ testShare: 0.1 })), key(byTime()), 'the default, said');
    }
  });

  it('by time gives other data a name of its own where only times differ', () => {
    const slower = { ...dataset, times: dataset.times?.map((time, i) => time + (i % 7) * 3_000_000) };
    const hash = (on: typeof dataset, config: RunConfig): string => splitHash(splitData(on, config.evaluate), nodeHasher); // prettier-ignore
    assert.equal(hash(slower, configOf({})), dataset.hash);
    assert.equal(hash(dataset, byTime()), hash(dataset, byTime()));
    assert.notEqual(hash(slower, byTime()), hash(dataset, byTime()));
  });
});

describe('a model is measured', () => {
  const late = { kind: 'global-time', validationFrom: 1_600_000_000, testFrom: 1_700_000_000 } as const;
  const early = { ...late, validationFrom: 1_500_000_000 };
  const loo = { kind: 'leave-one-out' } as const;

  it('on what its training had not seen', () => {
    for (const [trained, measured] of [
      [loo, loo],
      [late, late],
      [early, late],
    ] as const)
      // prettier-ignore
      demandHeldOut(trained, measured);
    assert.throws(
      () => demandHeldOut(late, early),
      /all before 2020-09-13.* has seen what is held out from 2017-07-14/,
    );
    assert.throws(() => demandHeldOut(loo, late), /"evaluate.split: leave-one-out".*"global-time" holds out/);
    assert.throws(() => demandHeldOut(late, loo), /"evaluate.split: global-time".*"leave-one-out" holds out/);
  });
});

describe('the protocol', () => {
  const facts = { engine: 'e', configHash: 'c', seed: 1 };

  it('of leave-one-out is as it was', () => {
    const protocol = protocolOf(configOf({}), leaveOneOut(dataset), facts);
    assert.equal(protocol.split, 'leave-one-out by time');
    const keys = ['split', 'candidates', 'ties', 'filter', 'topK', 'data', 'dataHash', 'users', 'items', 'interactions', 'evaluatedUsers', 'usersWithFewerThan3Interactions', 'configHash', 'seed', 'engine', 'codeVersion']; // prettier-ignore
    assert.deepEqual(Object.keys(protocol), keys);
  });

  it('of a split by time names the cuts, and who is in and left out', () => {
    const config = byTime({ testShare: 0.2 });
    const split = splitData(dataset, config.evaluate);
    const protocol = protocolOf(config, split, facts);
    const times = [...(dataset.times ?? [])].sort((a, b) => a - b);
    const at = (share: number): string => new Date(times[Math.round(times.length * share)] * 1000).toISOString(); // prettier-ignore
    assert.match(String(protocol.split), /^global by time/);
    assert.deepEqual([protocol.validationFrom, protocol.testFrom], [at(0.7), at(0.8)]);
    assert.equal(protocol.trainingInteractions, Math.round(times.length * 0.7));
    const sum = (...keys: string[]): number => keys.reduce((total, key) => total + Number(protocol[key]), 0);
    const users = dataset.userCount;
    assert.equal(sum('evaluatedUsers', 'usersWithoutTestTarget', 'usersWithoutHistoryBeforeTest'), users);
    assert.equal(sum('validationUsers', 'usersWithoutValidationTarget', 'usersWithoutHistoryBeforeValidation'), users); // prettier-ignore
  });

  it('of a split by time is told, with what to beware of', () => {
    const lines: string[] = [];
    const progress = { report: () => undefined, log: (line: string): unknown => lines.push(line) };
    tellSplit(leaveOneOut(dataset), progress);
    assert.deepEqual(lines, []);
    const { evaluate } = byTime();
    const { validationFrom } = globalTimeSplit(dataset, sharesOf(evaluate)).rule;
    const isLate = (i: number): boolean => (dataset.times?.[i] ?? NaN) >= validationFrom;
    const sequence = dataset.sequence.map((item, i) => (isLate(i) ? 1 : Math.max(2, item)));
    const split = splitData({ ...dataset, sequence }, evaluate);
    tellSplit(split, progress);
    assert.match(
      lines.join('\n'),
      /training is all before 20\d\d-.*\n.*Validation from.* users; left out are \d+/,
    );
    const { length } = split.test.users;
    assert.match(lines.join(), new RegExp(`${length} of ${length} test targets are cold`));
    assert.doesNotMatch(lines.join(), /hardly seconds/);
    lines.length = 0;
    const days = { ...dataset, times: dataset.times?.map((time) => Math.floor(time / 86_400)) };
    tellSplit(splitData(days, byTime().evaluate), progress);
    assert.match(lines.join(), /hardly seconds since 1970/);
  });
});
