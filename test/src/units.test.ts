/** Every unit is registered, lies in the file of its name, and says what it is. */
import assert from 'node:assert/strict';
import { basename, dirname } from 'node:path';
import { type UnitDescriptor, describedKeys, keysOfFiles } from '@coco-rec/core';
import { builtInUnits } from '@coco-rec/standard';
import ts from 'typescript';
import { type Source, readPackages } from './layout/sources.js';

const kinds: readonly string[] = ['backbone', 'ranker', 'fusion', 'knowledge', 'data', 'engine'];

interface FoundUnit {
  readonly kind: string;
  readonly id: string;
  readonly source: Source;
}

/** Exported constants that are descriptors: object literals with `kind`, `id` and `specVersion`. */
function unitsIn(source: Source): FoundUnit[] {
  return source.tree.statements.flatMap((statement) => {
    if (!ts.isVariableStatement(statement)) return [];
    if (!statement.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)) return [];
    return statement.declarationList.declarations.flatMap(({ initializer }) => {
      const keys = initializer && ts.isObjectLiteralExpression(initializer) ? literals(initializer) : {};
      const { kind, id, specVersion } = keys;
      return kind && id && specVersion && kinds.includes(kind) ? [{ kind, id, source }] : [];
    });
  });
}

function literals(object: ts.ObjectLiteralExpression): Record<string, string> {
  const found: Record<string, string> = {};
  for (const property of object.properties) {
    if (ts.isPropertyAssignment(property) && ts.isStringLiteralLike(property.initializer)) {
      found[property.name.getText()] = property.initializer.text;
    }
  }
  return found;
}

/** A unit's file, or its folder where the descriptor stands in a file of that name. */
function unitName(path: string): string {
  const name = basename(path, '.ts');
  return name === 'descriptor' ? basename(dirname(path)) : name;
}

const found = readPackages()
  .filter(({ folder }) => folder === 'backbones' || folder.startsWith('adapters/'))
  .flatMap(({ sources }) => sources.filter(({ isTest }) => !isTest))
  .flatMap(unitsIn);

const keyOf = ({ kind, id }: { kind: string; id: string }): string => `${kind} ${id}`;

describe('units', () => {
  it('that are written are registered, and the other way round', () => {
    assert.deepEqual(found.map(keyOf).sort(), builtInUnits.map(keyOf).sort());
  });

  it('mark the keys that name files, so that a saved model finds these from anywhere', () => {
    const speakOfFiles = builtInUnits.flatMap(({ kind, id, config }) => {
      const keys = describedKeys(config).filter(({ text }) => /\b(files?|folder)\b/i.test(text));
      return keys.map(({ key }) => ({
        name: `${kind} ${id} ${key}`,
        isMarked: keysOfFiles(config).includes(key),
      }));
    });
    assert.ok(speakOfFiles.filter(({ isMarked }) => isMarked).length > 15);
    const unmarked = speakOfFiles.filter(({ isMarked }) => !isMarked).map(({ name }) => name);
    assert.deepEqual(unmarked, ['backbone http itemsUrl']); // an address
  });

  it('have an id that is the name of their file', () => {
    const wrong = found.filter(({ id, source }) => unitName(source.path) !== id);
    assert.deepEqual(
      wrong.map(({ id, source }) => `${source.path}: ${id}`),
      [],
    );
  });

  it('belong to the paper that their file cites', () => {
    // A year beside a name, or a preprint's number, in a comment.
    const cites = /(\*|\/\/).*(\([A-Z][^()]* \d{4}\)|\b(19|20)\d\d\)|arXiv)/;
    const silent = found.filter(({ kind, id, source }) => {
      const unit = builtInUnits.find((one) => keyOf(one) === keyOf({ kind, id }));
      return cites.test(source.text) && !unit?.paper;
    });
    assert.deepEqual(
      silent.map(({ source }) => source.path),
      [],
    );
  });

  for (const unit of builtInUnits) {
    it(`${unit.kind} ${unit.id} has a summary of one line, and a word on every key`, () => describe_(unit));
  }
});

function describe_(unit: UnitDescriptor): void {
  assert.match(unit.summary, /^\S[^\n]{10,150}$/);
  if (unit.paper !== undefined) assert.match(unit.paper, /\b(19|20)\d\d\b/, 'a paper has a year');
  const described = describedKeys(unit.config).map(({ key }) => key);
  for (const key of Object.keys(new unit.config()))
    assert.ok(described.includes(key), `"${key}" has no description`);
  for (const { key, text } of describedKeys(unit.config)) assert.match(text, /\S.{4,}/, key);
}
