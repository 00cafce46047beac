import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { builtInUnits } from '@coco-rec/standard';
import { rootFolder } from './pages.js';
import { referencePages } from './reference-pages.js';

const folder = join(rootFolder, 'docs', 'reference');

describe('The reference', () => {
  const pages = referencePages(builtInUnits);

  it('has no page that is not made from the registry', async () => {
    assert.deepEqual((await readdir(folder)).sort(), [...pages.keys()].sort());
  });

  for (const [file, text] of pages) {
    it(`${file} is up to date (npm run reference -w @coco-rec/docs)`, async () => {
      assert.equal(await readFile(join(folder, file), 'utf8'), text);
    });
  }

  it('tells every unit and every key', () => {
    const all = [...pages.values()].join('\n');
    for (const { id } of builtInUnits) assert.ok(all.includes(`\n## ${id}\n`), id);
    for (const key of ['`data` | required', '`warmEpochs` |', '`dimension` | `64`', '`textWidth` | `128`']) {
      assert.ok(all.includes(`| ${key}`), key);
    }
  });
});
