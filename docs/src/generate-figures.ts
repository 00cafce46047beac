/** Draws the figures of docs from the results that stand beside them, or into the folder that is given. */
import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { gainsFigure, gainsFile } from './figures.js';

const [, , folder] = process.argv;
await writeFile(folder === undefined ? gainsFile : join(folder, basename(gainsFile)), await gainsFigure());
