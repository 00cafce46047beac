import { openModel } from '@coco-rec/llm';
import { shape } from '../beauty.js';
import type { BenchOptions } from '../options.js';
import type { Peer } from './peer.js';

/** What RecBole files are read for. */
type SequenceTask = 'epoch' | 'evaluation' | 'training';

const onSequences =
  (task: SequenceTask, more: object) =>
  ({ data }: BenchOptions): object => ({ task, data, ...shape, ...more });

/** @param more its loss and number of negatives */
export const recTools = (task: SequenceTask, more: object = {}): Peer => ({
  name: 'RecTools',
  package: 'rectools',
  script: 'sasrec_rectools.py',
  settings: onSequences(task, more),
});

export const recBole = (task: SequenceTask): Peer => ({
  name: 'RecBole',
  package: 'recbole',
  script: 'sasrec_recbole.py',
  settings: onSequences(task, {}),
});

/** A decoder of the model file's sizes. @param more sizes of the work */
export const torch = (task: 'decoder' | 'encoding', more: object = {}): Peer => ({
  name: 'torch',
  package: 'torch',
  script: 'llama_torch.py',
  settings: ({ model }) => ({ task, model: openModel(model).config, ...more }),
});
