import {
  type Dataset,
  EvaluateConfig,
  type Hasher,
  type HeldOut,
  type HeldOutShares,
  type Progress,
  type Split,
  type SplitRule,
  UsageError,
  coldTargets,
  globalTimeSplit,
  isDate,
  leaveOneOut,
  readConfig,
  timeText,
} from '@coco-rec/core';

const shareKeys = ['validationShare', 'testShare'] as const;
const defaultShare = 0.1;

/** Checks the section `evaluate`; of a split by time it fills in the shares. @throws UsageError on keys that do nothing */
export function readEvaluation(plain: unknown): EvaluateConfig {
  const config = readConfig(EvaluateConfig, plain, 'evaluate');
  if (config.split === 'leave-one-out') {
    const inert = shareKeys.find((key) => config[key] !== undefined);
    if (inert === undefined) return config;
    throw new UsageError(
      `Config key "evaluate.${inert}" does nothing with "evaluate.split: leave-one-out", which holds out two items of each ` +
        'user. Take it out, or set "evaluate.split: global-time".',
    );
  }
  for (const key of shareKeys) config[key] ??= defaultShare;
  const { validationShare, testShare } = sharesOf(config);
  if (validationShare + testShare < 1) return config;
  throw new UsageError(
    `Config keys "evaluate.validationShare" (${validationShare}) and "evaluate.testShare" (${testShare}) leave nothing to ` +
      'train on: their sum must be below 1.',
  );
}

/** What a global time split holds out, by the config or by default. */
export function sharesOf(config: EvaluateConfig): HeldOutShares {
  const { validationShare = defaultShare, testShare = defaultShare } = config;
  return { validationShare, testShare };
}

/** @throws UsageError where the data cannot be split so */
export function splitData(dataset: Dataset, config: EvaluateConfig): Split {
  return config.split === 'global-time' ? globalTimeSplit(dataset, sharesOf(config)) : leaveOneOut(dataset);
}

/**
 * What of the section `evaluate` decides the split, for the names of what was trained on it. Undefined for
 * `leave-one-out`, which all of them were trained on before there was another.
 */
export function splitKey(config: EvaluateConfig): object | undefined {
  return config.split === 'global-time' ? { split: config.split, ...sharesOf(config) } : undefined;
}

/**
 * SHA-256 of the data as they are split. Of `leave-one-out` that of the data set, which has the order of interactions but
 * not their times.
 */
export function splitHash({ dataset, rule, trainLengths, test }: Split, hasher: Hasher): string {
  if (rule.kind === 'leave-one-out') return dataset.hash;
  const parts = [trainLengths, test.historyLengths].map((lengths) =>
    hasher.sha256(new Uint8Array(lengths.buffer, lengths.byteOffset, lengths.byteLength)),
  );
  return hasher.sha256([dataset.hash, ...parts].join());
}

/** The section `evaluate` without what says the split, where that is the default. */
export function withoutDefaultSplit({ split, ...config }: EvaluateConfig): object {
  return split === 'global-time' ? { split, ...config } : config;
}

/** @throws UsageError where a model that was trained by one rule may have seen what another holds out */
export function demandHeldOut(trained: SplitRule, measured: SplitRule): void {
  if (trained.kind !== measured.kind) {
    throw new UsageError(
      `The model was trained with "evaluate.split: ${trained.kind}" and may have seen what "${measured.kind}" holds out: ` +
        'measure it with the split it was trained with, or train it anew.',
    );
  }
  if (trained.kind === 'leave-one-out' || measured.kind === 'leave-one-out') return;
  if (trained.validationFrom <= measured.validationFrom) return;
  throw new UsageError(
    `The model was trained on all before ${timeText(trained.validationFrom)}, and so has seen what is held out from ` +
      `${timeText(measured.validationFrom)} on: measure it on the data and shares it was trained with, or train it anew.`,
  );
}

/** How many users each target has, and who is left out, for `protocol`. */
export function splitFacts(split: Split): Record<string, unknown> {
  const { rule, validation, test } = split;
  if (rule.kind === 'leave-one-out') {
    return { evaluatedUsers: test.users.length, usersWithFewerThan3Interactions: test.withoutTarget };
  }
  return {
    validationFrom: momentOf(rule.validationFrom),
    testFrom: momentOf(rule.testFrom),
    trainingInteractions: split.trainLengths.reduce((sum, length) => sum + length, 0),
    evaluatedUsers: test.users.length,
    usersWithoutTestTarget: test.withoutTarget,
    usersWithoutHistoryBeforeTest: test.withoutHistory,
    coldTestTargets: coldTargets(split, 'test'),
    validationUsers: validation.users.length,
    usersWithoutValidationTarget: validation.withoutTarget,
    usersWithoutHistoryBeforeValidation: validation.withoutHistory,
    coldValidationTargets: coldTargets(split, 'validation'),
  };
}

/** A date as text, any other number as it is. */
const momentOf = (time: number): string | number => (isDate(time) ? timeText(time) : time);

/** Says what a split by time has held out, and what to beware of. Of `leave-one-out` there is nothing to say. */
export function tellSplit(split: Split, progress: Progress): void {
  const { rule, validation, test } = split;
  if (rule.kind === 'leave-one-out') return;
  const leftOut = ({ withoutTarget, withoutHistory }: HeldOut): string =>
    `left out are ${number(withoutTarget)} users without an interaction in that period, ${number(withoutHistory)} with none before it`;
  const [validationFrom, testFrom] = [timeText(rule.validationFrom), timeText(rule.testFrom)];
  progress.log(`Global time split: training is all before ${validationFrom}.`);
  progress.log(
    `Validation from ${validationFrom}: ${number(validation.users.length)} users; ${leftOut(validation)}.`,
  );
  progress.log(`Test from ${testFrom}: ${number(test.users.length)} users; ${leftOut(test)}.`);
  if (!isDate(rule.validationFrom)) {
    progress.log(
      'The times are hardly seconds since 1970. If they do not count from one moment for all users, a split by time means ' +
        'nothing.',
    );
  }
  const cold = coldTargets(split, 'test');
  if (cold === 0) return;
  progress.log(
    `${number(cold)} of ${number(test.users.length)} test targets are cold: no training interaction has the item, so only ` +
      'its text or attributes can tell of it.',
  );
}

const number = (value: number): string => value.toLocaleString('en');
