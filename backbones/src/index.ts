import type { BackboneDescriptor, RankerDescriptor } from '@coco-rec/core';
import { bsarec } from './bsarec.js';
import { popularity } from './popularity.js';
import { sasrec } from './sasrec.js';

/** The built-in recommenders; one line each. */
export const backbones: readonly (BackboneDescriptor | RankerDescriptor)[] = [popularity, sasrec, bsarec];

export { BSARecBackbone, BSARecConfig } from './bsarec.js';
export { SASRecBackbone, SASRecConfig } from './sasrec.js';
export { PopularityRanker } from './popularity.js';
