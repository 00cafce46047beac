/** Rules for single files, read off the sources: a break fails with file and line. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { type Source, lineOf, none, readJson, readPackages, root } from './layout/sources.js';

const packages = readPackages();
const sources = packages.flatMap((one) => one.sources);

/** Lines of a node that hold more than white space and comments. */
function codeLines(node: ts.Node, tree: ts.SourceFile): number {
  const lines = new Set<number>();
  const visit = (inner: ts.Node): void => {
    const children = inner.getChildren(tree);
    if (inner.kind >= ts.SyntaxKind.FirstJSDocNode && inner.kind <= ts.SyntaxKind.LastJSDocNode) return;
    if (children.length > 0) return children.forEach(visit);
    const end = tree.getLineAndCharacterOfPosition(inner.getEnd()).line;
    for (let line = lineOf(tree, inner) - 1; line <= end; line++) lines.add(line);
  };
  visit(node);
  return lines.size;
}

function longFunctions({ path, tree }: Source): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) && 'body' in node && node.body) {
      const lines = codeLines(node, tree);
      if (lines > 40) found.push(`${path}:${lineOf(tree, node)}: a function of ${lines} lines`);
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found;
}

describe('files', () => {
  it('no file has 300 lines or more', () => {
    const lines = sources.map(({ path, text }) => ({ path, count: text.split('\n').length - 1 }));
    none(lines.filter(({ count }) => count >= 300).map(({ path, count }) => `${path}: ${count} lines`));
  });

  it('no function has more than 40 lines of code, tests apart', () => {
    none(sources.filter(({ isTest }) => !isTest).flatMap(longFunctions));
  });

  it('nothing is exported by `export *`', () => {
    const isStar = (node: ts.Node): boolean => ts.isExportDeclaration(node) && !node.exportClause;
    none(
      sources.flatMap(({ path, tree }) =>
        tree.statements.filter(isStar).map((node) => `${path}:${lineOf(tree, node)}`),
      ),
    );
  });

  it('npm runs no install script, and every package with sources is compiled by `tsc --build`', () => {
    assert.match(readFileSync(join(root, '.npmrc'), 'utf8'), /^ignore-scripts=true$/m);
    const { references } = readJson('tsconfig.json') as { references: { path: string }[] };
    const compiled = references.map(({ path }) => path);
    none(
      packages
        .filter((one) => one.sources.length > 0 && !compiled.includes(one.folder))
        .map(({ folder }) => `${folder} is not in tsconfig.json`),
    );
  });
});
