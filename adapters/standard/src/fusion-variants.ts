import { parse } from 'yaml';
import { UsageError } from '@coco-rec/core';
import { splitSetting } from './session.js';
import type { RunConfig, UnitSetting } from '@coco-rec/core';

/** One method of a comparison: a fusion with its keys, and the name it goes by in tables and folders. */
export interface FusionVariant {
  readonly name: string;
  readonly setting: UnitSetting;
}

/**
 * Reads `none,text,coco,coco:itemText=false,coco:preset=paper;layers=2`. Keys that the config's sections `fusion` and
 * `fusions` hold for the same id are kept and overwritten by the variant's.
 */
export function readVariants(
  text: string,
  { fusion, fusions = {} }: Pick<RunConfig, 'fusion' | 'fusions'>,
): FusionVariant[] {
  const names = text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  if (names.length === 0)
    throw new UsageError('--fusions is empty: name fusions, for example none,text,coco.');
  const double = names.find((name, i) => names.indexOf(name) !== i);
  if (double) throw new UsageError(`--fusions names "${double}" twice.`);
  const own = splitSetting(fusion);
  return names.map((name) => {
    const { id, keys } = readVariant(name);
    const nearer = own.id === id ? { ...own.keys, ...keys } : keys;
    return { name, setting: resolveFusion({ ...nearer, id }, fusions) };
  });
}

function readVariant(name: string): { id: string; keys: object } {
  const [id, ...rest] = name.split(':');
  const keys: Record<string, unknown> = {};
  for (const pair of rest.join(':').split(';').filter(Boolean)) {
    const at = pair.indexOf('=');
    if (at < 1) throw new UsageError(`--fusions ${name}: write keys as ${id}:key=value;key=value.`);
    keys[pair.slice(0, at)] = parse(pair.slice(at + 1));
  }
  return { id, keys };
}

/** The fusion that a setting means: with what `fusions` holds under its id, which may be another name of a fusion. */
export function resolveFusion(
  setting: UnitSetting,
  fusions: NonNullable<RunConfig['fusions']>,
): Exclude<UnitSetting, string> {
  const { id, keys } = splitSetting(setting);
  const { id: meant = id, ...stored } = fusions[id] ?? {};
  return { ...stored, ...keys, id: String(meant) };
}

/** @returns the names of the variants that are `name` with a `control`, all other keys alike. */
export function controlsOf(name: string, variants: readonly FusionVariant[]): string[] {
  const read = ({ setting }: FusionVariant): { control: unknown; rest: string } => {
    const { id, keys } = splitSetting(setting);
    const { control = 'none', ...others } = keys;
    return { control, rest: JSON.stringify([id, Object.entries(others).sort()]) };
  };
  const own = variants.find((variant) => variant.name === name);
  if (!own || read(own).control !== 'none') return [];
  const isControl = (other: FusionVariant): boolean =>
    read(other).control !== 'none' && read(other).rest === read(own).rest;
  return variants.filter(isControl).map((other) => other.name);
}

/** The name as a folder: letters, digits and hyphens. */
export function folderName(name: string): string {
  return name.replace(/[^A-Za-z0-9.]+/g, '-').replace(/^-|-$/g, '');
}
