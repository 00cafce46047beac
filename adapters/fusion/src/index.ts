import type { FusionDescriptor } from '@coco-rec/core';
import { coco } from './coco/descriptor.js';
import { concat } from './concat.js';
import { kar } from './kar.js';
import { mlp } from './mlp.js';
import { none } from './none.js';
import { r4ec } from './r4ec/r4ec.js';
import { text } from './text.js';

/** All fusions of this package, in the order of `coco list`. */
export const fusions: readonly FusionDescriptor[] = [none, text, concat, mlp, kar, r4ec, coco];

export { NoneConfig } from './none.js';
export { TextFusionConfig } from './text.js';
export { ConcatConfig } from './concat.js';
export { MLPConfig } from './mlp.js';
export { KARConfig } from './kar.js';
export { R4ecConfig, R4ecTuningConfig } from './r4ec/config.js';
export { outlierRows } from './texts/outliers.js';
export { CoCoConfig } from './coco/config.js';
export { type CoCoSettings, settingsOf } from './coco/presets.js';
