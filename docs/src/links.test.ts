import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { readPages } from './pages.js';

const pages = await readPages();

/** Links that are not in code. @returns [text](target) targets */
function linksOf(text: string): string[] {
  const prose = text.replace(/^```[\s\S]*?^```$/gm, '').replace(/`[^`\n]*`/g, '');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target);
}

/** A heading as the anchor that GitHub makes of it. */
function anchorsOf(path: string): string[] {
  const headings = readFileSync(path, 'utf8').matchAll(/^#+ (.+)$/gm);
  return [...headings].map(([, heading]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replace(/ /g, '-'),
  );
}

describe('Links in the docs', () => {
  for (const { path, folder, text } of pages) {
    const local = linksOf(text).filter((target) => !/^[a-z]+:/.test(target));
    if (local.length === 0) continue;
    it(`of ${path} lead somewhere`, () => {
      for (const target of local) {
        const [file, anchor] = target.split('#');
        const full = file === '' ? resolve(folder, path.split('/').at(-1) ?? '') : resolve(folder, file);
        assert.ok(existsSync(full), `${target} is not there.`);
        if (anchor) assert.ok(anchorsOf(full).includes(anchor), `${target}: no such heading.`);
      }
    });
  }
});
