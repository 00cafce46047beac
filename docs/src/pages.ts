import { readFile, readdir } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Root of the repository. */
export const rootFolder = fileURLToPath(new URL('../../', import.meta.url));

/** A code fence of a page. */
export interface Fence {
  /** "docs/getting-started.md, line 12". */
  readonly place: string;
  /** The word after the back ticks: ts, sh, yaml, … */
  readonly language: string;
  /** The rest of that line. */
  readonly mark: string;
  readonly code: string;
  /** The line above the fence. */
  readonly above: string;
}

export interface Page {
  /** Path from the root of the repository. */
  readonly path: string;
  readonly folder: string;
  readonly text: string;
  readonly fences: readonly Fence[];
}

/** README, the changelog and all pages of docs. */
export async function readPages(): Promise<Page[]> {
  const found = await readdir(join(rootFolder, 'docs'), { recursive: true });
  const inDocs = found.filter((path) => path.endsWith('.md') && !/(^|\/)(dist|node_modules)\//.test(path));
  const paths = ['README.md', 'CHANGELOG.md', ...inDocs.sort().map((path) => join('docs', path))];
  return Promise.all(paths.map((path) => readPage(join(rootFolder, path))));
}

async function readPage(file: string): Promise<Page> {
  const text = await readFile(file, 'utf8');
  const path = relative(rootFolder, file);
  return { path, folder: dirname(file), text, fences: fencesOf(text, path) };
}

/** The code fences of a Markdown text, in order. */
export function fencesOf(text: string, path: string): Fence[] {
  const lines = text.split('\n');
  const fences: Fence[] = [];
  for (let i = 0; i < lines.length; i++) {
    const opening = /^```(\w*) ?(.*)$/.exec(lines[i]);
    if (!opening) continue;
    const end = lines.indexOf('```', i + 1);
    if (end < 0) throw new Error(`${path}, line ${i + 1}: the code fence has no end.`);
    const code = lines.slice(i + 1, end).join('\n');
    const place = `${path}, line ${i + 1}`;
    fences.push({ place, language: opening[1], mark: opening[2].trim(), code, above: lines[i - 1] ?? '' });
    i = end;
  }
  return fences;
}
