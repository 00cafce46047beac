import { fileURLToPath } from 'node:url';
import type { KnowledgeDescriptor } from '@coco-rec/core';
import { ReadingConfig, createLocal } from './local.js';

const folder = fileURLToPath(new URL('../assets/tiny', import.meta.url));

/** The embedded default: a small Qwen3 decoder that knows the words of the simulated shop. */
export const tiny: KnowledgeDescriptor<ReadingConfig> = {
  kind: 'knowledge',
  id: 'tiny',
  specVersion: 'v1',
  summary:
    'The embedded small Qwen3 decoder, trained on made-up shop talk: for demos and tests, no download.',
  capabilities: { encode: true, generate: true, differentiable: true, tune: true },
  config: ReadingConfig,
  create: (config, context) => createLocal('tiny', folder, config, context),
};
