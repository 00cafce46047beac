import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import ts from 'typescript';

/** The project's folder. */
export const root = findRoot(import.meta.dirname);

function findRoot(folder: string): string {
  return existsSync(join(folder, 'lerna.json')) ? folder : findRoot(dirname(folder));
}

export interface Import {
  readonly specifier: string;
  readonly line: number;
  /** Nothing is left of it when compiled. */
  readonly typeOnly: boolean;
}

export interface Source {
  /** From the root, with slashes: "core/src/index.ts". */
  readonly path: string;
  /** Folder of its package, "adapters/llm". */
  readonly folder: string;
  readonly text: string;
  readonly tree: ts.SourceFile;
  readonly imports: readonly Import[];
  /** Not part of what is published: tests, and what only tests use. */
  readonly isTest: boolean;
}

export interface Package {
  readonly name: string;
  readonly folder: string;
  readonly manifest: Readonly<Record<string, Readonly<Record<string, string>> | undefined>>;
  readonly sources: readonly Source[];
}

/** All workspaces with their TypeScript sources. */
export function readPackages(): Package[] {
  const { workspaces } = readJson('package.json') as { workspaces: string[] };
  const folders = workspaces.flatMap((pattern) => {
    if (!pattern.endsWith('/*')) return [pattern];
    const parent = pattern.slice(0, -2);
    return readdirSync(join(root, parent)).map((name) => `${parent}/${name}`);
  });
  return folders.filter((folder) => existsSync(join(root, folder, 'package.json'))).map(readPackage);
}

export function readJson(path: string): unknown {
  return JSON.parse(readFileSync(join(root, path), 'utf8'));
}

function readPackage(folder: string): Package {
  const manifest = readJson(`${folder}/package.json`) as Package['manifest'] & { name: string };
  const src = join(root, folder, 'src');
  const names = existsSync(src) ? readdirSync(src, { recursive: true, encoding: 'utf8' }) : [];
  const paths = names.filter((name) => name.endsWith('.ts')).map((name) => posix.join(folder, 'src', name));
  return { name: manifest.name, folder, manifest, sources: paths.sort().map((path) => read(path, folder)) };
}

function read(path: string, folder: string): Source {
  const text = readFileSync(join(root, path), 'utf8');
  const tree = ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true);
  const isTest = path.endsWith('.test.ts') || path.includes('/testing/') || folder === 'test';
  return { path, folder, text, tree, imports: importsOf(tree), isTest };
}

function importsOf(tree: ts.SourceFile): Import[] {
  const found: Import[] = [];
  const add = (specifier: ts.Node | undefined, typeOnly: boolean): void => {
    if (specifier && ts.isStringLiteralLike(specifier)) {
      found.push({ specifier: specifier.text, line: lineOf(tree, specifier), typeOnly });
    }
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, isTypeOnly(node.importClause));
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly);
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument))
      add(node.argument.literal, true);
    else if (ts.isCallExpression(node) && isLoader(node.expression)) add(node.arguments[0], false);
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found;
}

/** `import(…)`, `require(…)` and `require.resolve(…)`. */
function isLoader(called: ts.Expression): boolean {
  return called.kind === ts.SyntaxKind.ImportKeyword || /^require(\.resolve)?$/.test(called.getText());
}

function isTypeOnly(clause: ts.ImportClause | undefined): boolean {
  if (!clause) return false;
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  const { name, namedBindings } = clause;
  if (name || !namedBindings || !ts.isNamedImports(namedBindings)) return false;
  return namedBindings.elements.every((element) => element.isTypeOnly);
}

export function lineOf(tree: ts.SourceFile, node: ts.Node): number {
  return tree.getLineAndCharacterOfPosition(node.getStart(tree)).line + 1;
}

/** The source that a relative import means, from the root; undefined for a package. */
export function resolveRelative({ path }: Source, { specifier }: Import): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  return posix.join(posix.dirname(path), specifier).replace(/\.js$/, '.ts');
}

/**
 * Cycles in a graph, each once, as the names along it.
 * @param edges for each node the nodes it points to
 */
export function cycles(edges: ReadonlyMap<string, ReadonlySet<string>>): string[][] {
  const found: string[][] = [];
  const state = new Map<string, 'open' | 'done'>();
  const path: string[] = [];
  const visit = (node: string): void => {
    if (state.get(node) === 'done') return;
    if (state.get(node) === 'open') {
      found.push([...path.slice(path.indexOf(node)), node]);
      return;
    }
    state.set(node, 'open');
    path.push(node);
    for (const next of edges.get(node) ?? []) visit(next);
    path.pop();
    state.set(node, 'done');
  };
  for (const node of edges.keys()) visit(node);
  return found;
}

/** Fails with a line for each break of a rule. */
export function none(breaks: readonly string[]): void {
  assert.equal(breaks.length, 0, `\n${breaks.join('\n')}\n`);
}
