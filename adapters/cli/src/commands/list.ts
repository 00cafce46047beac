import type { Command } from 'commander';
import {
  Registry,
  UsageError,
  type UnitDescriptor,
  type UnitKind,
  describedKeys,
  nearestName,
} from '@coco-rec/core';
import { builtInUnits } from '@coco-rec/standard';
import { examples } from '../options.js';
import type { Terminal } from '../terminal.js';

export function addList(parent: Command, terminal: Terminal): void {
  const command = parent
    .command('list')
    .description('every registered unit with a line of what it is; with an id, its config keys')
    .argument('[kind]', 'backbone, ranker, fusion, knowledge, data or engine')
    .argument('[id]', 'one unit of that kind')
    .action((kind: string | undefined, id: string | undefined) => list(kind, id, terminal));
  examples(command, [
    ['coco list', 'all units'],
    ['coco list fusion', 'all fusions'],
    ['coco list fusion coco', 'what can be set for the fusion coco'],
  ]);
}

function list(kindText: string | undefined, id: string | undefined, terminal: Terminal): void {
  const registry = new Registry(builtInUnits);
  const kind = kindText === undefined ? undefined : kindOf(kindText);
  if (kind && id !== undefined) {
    printUnit(registry.get(kind, id), terminal);
    return;
  }
  terminal.table({
    title: kind ? `Units of kind ${kind}` : 'Units',
    columns: [{ label: 'Kind' }, { label: 'Id' }, { label: 'What it is' }],
    rows: registry.list(kind).map((unit) => [unit.kind, unit.id, unit.summary]),
  });
}

/** The kind by its name, in the singular or the plural. */
export function kindOf(text: string): UnitKind {
  const known = [...new Set(builtInUnits.map(({ kind }) => kind))];
  const found = known.find((kind) => kind === text || `${kind}s` === text);
  if (found) return found;
  const near = nearestName(text, known);
  const hint = near ? ` Did you mean "${near}"?` : '';
  throw new UsageError(`There is no kind of unit called "${text}".${hint} Known: ${known.join(', ')}.`);
}

function printUnit(unit: UnitDescriptor, terminal: Terminal): void {
  const rows = keyRows(unit.config, '');
  const paper = unit.paper ? [unit.paper] : [];
  terminal.table({
    title: `${unit.kind} ${unit.id}: ${unit.summary}`,
    columns: [{ label: 'Key' }, { label: 'Default' }, { label: 'Meaning' }],
    rows,
    notes: rows.length === 0 ? ['It has no config keys.', ...paper] : paper,
  });
}

/** A row for each key; the keys of a group stand below it, as `group.key`. */
function keyRows(configClass: new () => object, prefix: string): string[][] {
  return describedKeys(configClass).flatMap(({ key, text, value, group }) => {
    const defaultText = value === undefined || group ? '' : JSON.stringify(value);
    const own = [`${prefix}${key}`, defaultText, text];
    return group ? [own, ...keyRows(group, `${prefix}${key}.`)] : [own];
  });
}
