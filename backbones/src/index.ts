import type { BackboneDescriptor, RankerDescriptor } from '@coco-rec/core';
import { oracle } from './oracle.js';
import { popularity } from './popularity.js';
import { sasrec } from './sasrec.js';

/** The built-in recommenders; one line each. */
export const backbones: readonly (BackboneDescriptor | RankerDescriptor)[] = [oracle, popularity, sasrec];

export { SASRecBackbone, SASRecConfig } from './sasrec.js';
export { PopularityRanker } from './popularity.js';
