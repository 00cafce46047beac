import type { FusionDescriptor } from '@coco-rec/core';
import { controlKeys } from '../text-config.js';
import { CoCoFusion } from './coco.js';
import { CoCoConfig } from './config.js';
import { settingsOf } from './presets.js';

export const coco: FusionDescriptor<CoCoConfig> = {
  kind: 'fusion',
  id: 'coco',
  specVersion: 'v1',
  summary: 'CoCo: a language model reads the titles behind selected soft prompts; gated into the user state.',
  paper:
    '"Synergistic Integration and Discrepancy Resolution of Contextualized Knowledge for Personalized Recommendation" (CoCo), arXiv 2025',
  config: CoCoConfig,
  needs: (config) => {
    settingsOf(config); // refuses keys that do nothing
    return { backbone: { itemVectors: true }, knowledge: { encode: true, differentiable: true } };
  },
  knowledgeKeys: controlKeys,
  create: (config) => new CoCoFusion(settingsOf(config)),
};
