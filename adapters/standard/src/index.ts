export {
  Recommender,
  createRecommender,
  loadRecommender,
  createContext,
  type Recommendation,
  type RecommenderOptions,
} from './recommender.js';
export { compare, type CompareOptions, type ComparedMethod, type Comparison } from './compare.js';
export { builtInUnits } from './register-all.js';
export { type PlainConfig, applyOverrides, checkConfig, readConfigFile } from './load-config.js';
export { NodeFileStore, nodeHasher, silentProgress } from './node-ports.js';
export { type RunResult, codeVersion } from './result.js';
export { Session, loadDataset } from './session.js';
export { readModel, type ModelInfo } from './saved-model.js';
