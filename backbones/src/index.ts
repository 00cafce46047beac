import type { BackboneDescriptor, RankerDescriptor } from '@coco-rec/core';
import { oracle } from './oracle.js';
import { bert4rec } from './bert4rec.js';
import { bsarec } from './bsarec.js';
import { fdsa } from './fdsa.js';
import { pinnerformer } from './pinnerformer.js';
import { popularity } from './popularity.js';
import { s3rec } from './s3rec.js';
import { sasrec } from './sasrec.js';

/** The built-in recommenders; one line each. */
export const backbones: readonly (BackboneDescriptor | RankerDescriptor)[] = [
  oracle,
  popularity,
  sasrec,
  bert4rec,
  bsarec,
  fdsa,
  pinnerformer,
  s3rec,
];

export { BERT4RecBackbone, BERT4RecConfig } from './bert4rec.js';
export { S3RecBackbone, S3RecConfig } from './s3rec.js';
export { BSARecBackbone, BSARecConfig } from './bsarec.js';
export { FDSABackbone, FDSAConfig } from './fdsa.js';
export { PinnerFormerBackbone, PinnerFormerConfig } from './pinnerformer.js';
export { SASRecBackbone, SASRecConfig } from './sasrec.js';
export { PopularityRanker } from './popularity.js';
