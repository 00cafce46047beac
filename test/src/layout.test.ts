/** Who may import whom, read off the sources: a break fails with file and line. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join } from 'node:path';
import {
  type Package,
  type Source,
  cycles,
  none,
  readJson,
  readPackages,
  resolveRelative,
  root,
} from './layout/sources.js';

const packages = readPackages();
const sources = packages.flatMap((one) => one.sources);
const own = '@coco-rec/';

/** What a package may import of the project's others; undefined: everything. */
const mayImport: Readonly<Record<string, readonly string[] | undefined>> = {
  core: [],
  backbones: ['core'],
  'adapters/standard': ['core', 'backbones', 'external', 'fusion', 'llm', 'data', 'engine'],
  'adapters/cli': ['core', 'standard'],
  examples: ['core', 'standard'],
  docs: ['core', 'standard'],
  test: undefined,
};

const allowedFor = (folder: string): readonly string[] | undefined =>
  folder in mayImport ? mayImport[folder] : ['core']; // any other adapter

/** The name of the npm package that an import names: "node:fs" is Node's. */
function packageOf(specifier: string): string {
  if (specifier.startsWith('node:') || builtinModules.includes(specifier)) return 'node';
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

/** Calls `judge` for each import of another package; it returns what is wrong, or undefined. */
function importBreaks(
  judge: (source: Source, name: string, specifier: string) => string | undefined,
): string[] {
  return sources.flatMap((source) =>
    source.imports.flatMap(({ specifier, line }) => {
      if (specifier.startsWith('.')) return [];
      const wrong = judge(source, packageOf(specifier), specifier);
      return wrong ? [`${source.path}:${line} imports ${specifier}: ${wrong}`] : [];
    }),
  );
}

describe('imports', () => {
  it('sees the whole project', () => {
    for (const folder of ['core', 'backbones', 'adapters/standard', 'adapters/cli', 'test']) {
      assert.ok(
        sources.some((source) => source.folder === folder),
        `no sources in ${folder}`,
      );
    }
    assert.ok(sources.flatMap(({ imports }) => imports).length > 500);
  });

  it('a package imports only the packages below it', () => {
    none(
      importBreaks(({ folder }, name) => {
        const allowed = allowedFor(folder);
        if (!allowed || !name.startsWith(own) || allowed.includes(name.slice(own.length))) return undefined;
        return `${folder} may import ${allowed.join(', ') || 'none of them'}`;
      }),
    );
  });

  it('a package is imported by a name that it exports, and the conformance kit by tests and examples only', () => {
    none(
      importBreaks(({ folder, isTest }, name, specifier) => {
        if (!name.startsWith(own)) return undefined;
        const { exports = {} } = packages.find((one) => one.name === name)?.manifest ?? {};
        if (!(`.${specifier.slice(name.length)}` in exports)) return 'that is not exported';
        const mayTest = isTest || ['examples', 'docs'].includes(folder);
        return specifier.endsWith('/testing') && !mayTest ? 'that is for tests' : undefined;
      }),
    );
  });

  it('core and backbones use nothing of Node', () => {
    none(
      importBreaks(({ folder, isTest }, name, specifier) => {
        if (name !== 'node' || !['core', 'backbones'].includes(folder)) return undefined;
        return isTest && specifier === 'node:assert/strict' ? undefined : 'it must run in a browser too';
      }),
    );
  });

  it('every package that is imported is declared in the package.json', () => {
    const { devDependencies: ofRoot = {} } = readJson('package.json') as Package['manifest'];
    none(
      importBreaks(({ folder, isTest }, name) => {
        const { manifest } = packages.find((one) => one.folder === folder) as Package;
        const { dependencies, peerDependencies, devDependencies, optionalDependencies } = manifest;
        const declared = { ...dependencies, ...peerDependencies, ...optionalDependencies };
        const ofTests = isTest
          ? { ...devDependencies, ...ofRoot, [manifest.name as unknown as string]: '' }
          : {};
        return name === 'node' || name in declared || name in ofTests
          ? undefined
          : `add it to ${folder}/package.json`;
      }),
    );
  });

  it('core depends on five packages and no more', () => {
    const { manifest } = packages.find(({ folder }) => folder === 'core') as Package;
    const allowed = [
      '@tensorflow/tfjs-core',
      'inversify',
      'reflect-metadata',
      'class-validator',
      'class-transformer',
    ];
    none(Object.keys(manifest.dependencies ?? {}).filter((name) => !allowed.includes(name)));
  });

  it('inversify is imported by the composition root only', () => {
    const roots = ['core/src/container.ts', 'adapters/standard/src/register-all.ts'];
    none(
      importBreaks(({ path }, name) =>
        name === 'inversify' && !roots.includes(path) ? `only ${roots.join(' and ')} may` : undefined,
      ),
    );
  });

  it('a relative import stays in its package and ends in .js', () => {
    none(
      sources.flatMap((source) =>
        source.imports.flatMap((one) => {
          const target = resolveRelative(source, one);
          if (!target) return [];
          const isFine =
            one.specifier.endsWith('.js') &&
            target.startsWith(`${source.folder}/src/`) &&
            existsSync(join(root, target));
          return isFine ? [] : [`${source.path}:${one.line} imports ${one.specifier}`];
        }),
      ),
    );
  });
});

/** Edges between what `nodeOf` makes of each file, by the imports that count. */
function graph(
  nodeOf: (path: string) => string,
  counts: (one: Source['imports'][number]) => boolean,
): Map<string, Set<string>> {
  const edges = new Map<string, Set<string>>();
  for (const source of sources.filter(({ isTest }) => !isTest)) {
    const from = nodeOf(source.path);
    const targets = edges.get(from) ?? new Set<string>();
    edges.set(from, targets);
    for (const one of source.imports.filter(counts)) {
      const target = resolveRelative(source, one);
      if (target && nodeOf(target) !== from) targets.add(nodeOf(target));
    }
  }
  return edges;
}

describe('cycles', () => {
  it('are found', () => {
    const edges = { a: ['b'], b: ['c', 'd'], c: [], d: ['a'], e: ['e2'], e2: [] };
    const found = cycles(new Map(Object.entries(edges).map(([from, to]) => [from, new Set<string>(to)])));
    assert.deepEqual(found, [['a', 'b', 'd', 'a']]);
  });

  it('there is none between folders, types included', () => {
    // Files beside the folders stand for themselves: an index imports every folder, and each may use its helpers.
    const nodeOf = (path: string): string => (/\/src\/[^/]+$/.test(path) ? path : dirname(path));
    const edges = graph(nodeOf, () => true);
    const folders = [...edges].filter(([node]) => !node.endsWith('.ts'));
    const between = folders.map(([node, targets]) => {
      return [node, new Set([...targets].filter((target) => !target.endsWith('.ts')))] as const;
    });
    none(cycles(new Map(between)).map((cycle) => cycle.join(' → ')));
  });

  it('there is none between files, types left out', () => {
    none(
      cycles(
        graph(
          (path) => path,
          ({ typeOnly }) => !typeOnly,
        ),
      ).map((cycle) => cycle.join(' → ')),
    );
  });
});
