import type { DataDescriptor } from '@coco-rec/core';
import { csv } from './csv.js';
import { jsonl } from './jsonl.js';
import { recbole } from './recbole.js';

/** The built-in importers; one line each. */
export const importers: readonly DataDescriptor[] = [recbole, csv, jsonl];
