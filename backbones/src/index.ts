import type { BackboneDescriptor, RankerDescriptor } from '@coco-rec/core';
import { bsarec } from './bsarec.js';
import { fdsa } from './fdsa.js';
import { pinnerformer } from './pinnerformer.js';
import { popularity } from './popularity.js';
import { sasrec } from './sasrec.js';

/** The built-in recommenders; one line each. */
export const backbones: readonly (BackboneDescriptor | RankerDescriptor)[] = [
  popularity,
  sasrec,
  bsarec,
  fdsa,
  pinnerformer,
];

export { BSARecBackbone, BSARecConfig } from './bsarec.js';
export { FDSABackbone, FDSAConfig } from './fdsa.js';
export { PinnerFormerBackbone, PinnerFormerConfig } from './pinnerformer.js';
export { SASRecBackbone, SASRecConfig } from './sasrec.js';
export { PopularityRanker } from './popularity.js';
