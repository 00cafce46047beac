import { readFile } from 'node:fs/promises';
import { parse, YAMLParseError } from 'yaml';
import { RunConfig, TrainConfig, UsageError, readConfig } from '@coco-rec/core';
import { resolveFusion } from './fusion-variants.js';
import { splitSetting } from './session.js';
import { readEvaluation } from './split-data.js';

/** A config as written: plain data, not checked yet. */
export type PlainConfig = Record<string, unknown>;

/** Reads a YAML or JSON config file. @throws UsageError with file and line. */
export async function readConfigFile(path: string): Promise<PlainConfig> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new UsageError(
      missing ? `There is no config file ${path}.` : `Cannot read the config file ${path}.`,
    );
  }
  let plain: unknown;
  try {
    plain = parse(text);
  } catch (error) {
    if (!(error instanceof YAMLParseError)) throw error;
    const line = error.linePos?.[0].line ?? 1;
    throw new UsageError(
      `${path}, line ${line}: ${error.message.split('\n')[0].replace(/ at line.*$/, '')}.`,
    );
  }
  if (plain === null || typeof plain !== 'object' || Array.isArray(plain)) {
    throw new UsageError(`${path}: a config is a group of keys such as "data:" and "backbone:".`);
  }
  return plain as PlainConfig;
}

const unitId = /^(backbone|knowledge|writer|fusion|train\.loss)\.id=/;

/**
 * Applies `key.sub=value` overrides; values are read as YAML, so 3, true and [5, 10] keep their types. Those that name a
 * unit come first, wherever they stand: another unit has other keys, so its section starts afresh.
 * @param tell is told of keys of the config that this leaves out
 */
export function applyOverrides(
  plain: PlainConfig,
  overrides: readonly string[],
  tell?: (text: string) => void,
): PlainConfig {
  const result = structuredClone(plain);
  const isUnit = (override: string): boolean => unitId.test(override);
  const inOrder = [...overrides.filter(isUnit), ...overrides.filter((override) => !isUnit(override))];
  for (const override of inOrder) {
    const at = override.indexOf('=');
    if (at < 1) throw new UsageError(`--set ${override}: write it as key=value, for example --set seed=2.`);
    let value: unknown;
    try {
      value = parse(override.slice(at + 1));
    } catch {
      throw new UsageError(`--set ${override}: the value is not valid YAML; put it in quotes.`);
    }
    if (isUnit(override)) clearSection(result, override, value, tell);
    setKey(result, override.slice(0, at).split('.'), value, override);
  }
  return result;
}

function setKey(target: PlainConfig, path: readonly string[], value: unknown, override: string): void {
  let group = target;
  for (const key of path.slice(0, -1)) {
    if (['__proto__', 'constructor', 'prototype'].includes(key))
      throw new UsageError(`--set ${override}: bad key.`);
    const inner = group[key];
    // `backbone: sasrec` is short for `backbone: { id: sasrec }`.
    if (typeof inner === 'string') group[key] = { id: inner };
    else if (inner === undefined || inner === null) group[key] = {};
    else if (typeof inner !== 'object')
      throw new UsageError(`--set ${override}: "${key}" has no keys of its own.`);
    group = group[key] as PlainConfig;
  }
  const last = path[path.length - 1];
  group[last] = value;
}

/** Takes the keys of another unit out of a section. */
function clearSection(
  config: PlainConfig,
  override: string,
  id: unknown,
  tell?: (text: string) => void,
): void {
  const path = override.slice(0, override.indexOf('.id=')).split('.');
  const name = path.pop() as string;
  const group = path.reduce<unknown>((inner, key) => isGroup(inner) && inner[key], config);
  const section = isGroup(group) && group[name];
  if (!isGroup(group) || !isGroup(section) || section.id === id) return;
  const { id: before, ...keys } = section;
  group[name] = {};
  const left = Object.keys(keys);
  if (left.length > 0)
    tell?.(`--set ${override}: left out of "${name}": ${left.join(', ')} (of "${String(before)}").`);
}

function isGroup(value: unknown): value is PlainConfig {
  return value !== null && typeof value === 'object';
}

/**
 * Checks the top level and the sections `train` and `evaluate`, and gives the fusion what `fusions` holds for it. Unit
 * sections are checked when the unit is made.
 */
export function checkConfig(plain: PlainConfig): RunConfig {
  const { train = {}, evaluate = {}, ...rest } = plain;
  const config = readConfig(RunConfig, rest, '');
  for (const [id, keys] of Object.entries(config.fusions ?? {})) {
    if (isGroup(keys) && !Array.isArray(keys)) continue;
    throw new UsageError(`Config key "fusions.${id}" must be a group of keys of the fusion "${id}".`);
  }
  const { fusions = {} } = config;
  if (splitSetting(config.fusion).id in fusions) config.fusion = resolveFusion(config.fusion, fusions);
  config.train = readConfig(TrainConfig, train, 'train');
  config.evaluate = readEvaluation(evaluate);
  return config;
}
