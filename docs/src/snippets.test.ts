/** Whatever the pages show is checked: TypeScript is compiled and run, commands and configs are held to the real ones. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { Registry, readConfig } from '@coco-rec/core';
import { builtInUnits, checkConfig, readConfigFile } from '@coco-rec/standard';
import { type Fence, readPages, rootFolder } from './pages.js';
import { runNode } from './run-process.js';

const pages = await readPages();
const fencesIn = (language: string): Fence[] =>
  pages.flatMap(({ fences }) => fences).filter((fence) => fence.language === language);

describe('TypeScript in the docs', function () {
  this.timeout(300_000);
  const folder = fileURLToPath(new URL('./snippets/', import.meta.url));
  const snippets = fencesIn('ts').map((fence) => ({ fence, name: nameOf(fence.place) }));
  let work: string;

  before(async () => {
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    for (const { fence, name } of snippets) await writeFile(join(folder, `${name}.ts`), `${fence.code}\n`);
    work = await mkdtemp(join(tmpdir(), 'coco-docs-'));
  });
  after(() => rm(work, { recursive: true, force: true }));

  it('is there', () => assert.ok(snippets.length > 0));

  it('compiles', () => {
    const files = snippets.map(({ name }) => join(folder, `${name}.ts`));
    const program = ts.createProgram(files, compilerOptions(folder));
    const { diagnostics } = program.emit();
    const all = [...ts.getPreEmitDiagnostics(program), ...diagnostics];
    const text = ts.formatDiagnostics(all, {
      getCanonicalFileName: (path) => path,
      getCurrentDirectory: () => folder,
      getNewLine: () => '\n',
    });
    assert.equal(text, '');
  });

  for (const { fence, name } of snippets) {
    if (fence.mark === 'no-run') {
      it(`${fence.place} says why it is not run`, () => assert.match(fence.above, /^<!-- not run: .+ -->$/));
      continue;
    }
    it(`${fence.place} runs`, async () => {
      const { code, output } = await runNode([join(folder, 'js', `${name}.js`)], work, join(work, 'cache'));
      assert.equal(code, 0, output);
    });
  }
});

/** "docs/cli.md, line 3" → "docs-cli-3". */
function nameOf(place: string): string {
  return place.replace('.md, line ', '-').replace(/[^A-Za-z0-9]+/g, '-');
}

function compilerOptions(folder: string): ts.CompilerOptions {
  return {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    moduleDetection: ts.ModuleDetectionKind.Force,
    strict: true,
    noUnusedLocals: true,
    experimentalDecorators: true,
    skipLibCheck: true,
    types: ['node'],
    rootDir: folder,
    outDir: join(folder, 'js'),
  };
}

describe('Commands in the docs', function () {
  this.timeout(60_000);
  const bin = join(rootFolder, 'adapters', 'cli', 'dist', 'bin.js');
  const helps = new Map<string, string>();
  const helpOf = async (words: readonly string[]): Promise<string> => {
    const key = words.join(' ');
    const help = helps.get(key) ?? (await runNode([bin, ...words, '--help'], rootFolder)).output;
    helps.set(key, help);
    return help;
  };
  const lines = fencesIn('sh').flatMap(({ code, place }) =>
    commandLines(code).map((line) => ({ line, place })),
  );

  it('are there', () => assert.ok(lines.length > 0));

  for (const { line, place } of lines) {
    it(`${place}: ${line}`, async () => {
      const tokens = line.split(/\s+/).slice(1);
      const words = tokens.slice(0, tokens.findIndex((token) => !/^[a-z]+$/.test(token)) >>> 0).slice(0, 2);
      let help = await helpOf(words);
      if (!help.startsWith(`Usage: coco ${words.join(' ')}`)) {
        help = await helpOf(words.slice(0, 1)); // the second word is an argument,
        assert.doesNotMatch(help, /^Commands:/m, `"${words[1]}" is no command.`); // not a command of a group
      }
      assert.ok(help.startsWith(`Usage: coco ${words[0] ?? ''}`.trimEnd()), help);
      for (const option of tokens.filter((token) => /^--?[a-z]/.test(token))) {
        assert.match(help, new RegExp(`(^|[\\s,])${option.split('=')[0]}([\\s,]|$)`, 'm'), option);
      }
      for (const file of tokens.filter((token) => token.startsWith('examples/'))) {
        assert.ok(existsSync(join(rootFolder, file)), `${file} does not exist.`);
      }
    });
  }
});

/** Lines that run coco, without the shell around them. */
function commandLines(code: string): string[] {
  return code
    .split('\n')
    .map((line) => line.replace(/^\$ /, '').replace(/^(npx |npm run )?coco( --)? /, 'coco '))
    .map((line) => line.replace(/ +[#|>].*$/, ''))
    .filter((line) => line.startsWith('coco '));
}

describe('Configs in the docs', () => {
  const registry = new Registry(builtInUnits);
  const configs = fencesIn('yaml');
  let work: string;
  before(async () => (work = await mkdtemp(join(tmpdir(), 'coco-docs-'))));
  after(() => rm(work, { recursive: true, force: true }));

  it('are there', () => assert.ok(configs.length > 0));

  for (const { code, place } of configs) {
    it(`${place} is one`, async () => {
      const path = join(work, `${nameOf(place)}.yaml`);
      await writeFile(path, `${code}\n`);
      const plain = await readConfigFile(path);
      // A page may show a part of a config.
      const { data, backbone, fusion, knowledge } = checkConfig({ data: { format: 'shop' }, ...plain });
      const { format, ...keys } = data;
      if (plain.data !== undefined) readConfig(registry.get('data', String(format)).config, keys, 'data');
      for (const [kind, setting] of Object.entries({ backbone, fusion, knowledge })) {
        if (setting === undefined) continue;
        const { id, ...own } = typeof setting === 'string' ? { id: setting } : setting;
        const unit =
          registry.find('ranker', id) ?? registry.get(kind as 'backbone' | 'fusion' | 'knowledge', id);
        readConfig(unit.config, own, kind);
      }
    });
  }
});
