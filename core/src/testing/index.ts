/** The conformance kit: laws that a unit has to obey, for any test framework. Needs a started engine with gradients. */
export type { Check } from './check.js';
export { backboneChecks, type BackboneCheckOptions } from './backbone-checks.js';
export { fusionChecks, type FusionCheckOptions } from './fusion-checks.js';
export type { LazyConfig } from './common-laws.js';
export { testDataset, type TestDatasetOptions } from './test-dataset.js';
export { checkGradients, type GradientCheckOptions } from './check-gradients.js';
