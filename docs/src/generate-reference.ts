/** Writes docs/reference from the registered units and their config classes. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { builtInUnits } from '@coco-rec/standard';
import { rootFolder } from './pages.js';
import { referencePages } from './reference-pages.js';

const folder = join(rootFolder, 'docs', 'reference');
await mkdir(folder, { recursive: true });
for (const [file, text] of referencePages(builtInUnits)) await writeFile(join(folder, file), text);
