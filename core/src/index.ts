export { CocoError, UsageError, StoppedError, nearestName } from './errors.js';
export { Random, hash32 } from './random.js';
export type { BackboneCapabilities, KnowledgeCapabilities, FusionNeeds } from './specification/capabilities.js';
export type { Batch, PreparedBatch, Phase, Rows } from './specification/batch.js';
export type { ItemVectors } from './specification/item-vectors.js';
export type {
  FileStore,
  KnowledgeStore,
  Hasher,
  Clock,
  Collective,
  Progress,
} from './specification/ports.js';
export type { Ranker, RankOptions, TopK, FitContext, NamedArray } from './specification/ranker.js';
export type {
  KnowledgeLLM,
  DifferentiableDecoder,
  DecoderPass,
  LoraConfig,
  LoraWeights,
} from './specification/knowledge-llm.js';
export {
  Parameters,
  constant,
  normal,
  xavier,
  identity,
  type Initializer,
  type Parameter,
  type ParameterOptions,
} from './specification/parameters.js';
export { Pass } from './specification/pass.js';
export {
  Backbone,
  defaultBackboneCapabilities,
  disposeBatch,
  type BackboneContext,
} from './specification/backbone.js';
export type { RowLoss } from './specification/row-loss.js';
export type { RowSampler, SequenceBlock, Stage } from './specification/stage.js';
export {
  FusionStrategy,
  type FusionContext,
  type FuseContext,
  type FuseResult,
  type WarmStates,
} from './specification/fusion-strategy.js';
export type {
  Descriptor,
  BackboneDescriptor,
  RankerDescriptor,
  FusionDescriptor,
  KnowledgeDescriptor,
  DataDescriptor,
  EngineDescriptor,
  EngineStatus,
  AdapterContext,
  UnitDescriptor,
  UnitKind,
} from './specification/descriptor.js';
export { StringTable } from './data/string-table.js';
export type { Dataset, Split, Strings, ImportReport, ItemAttributes } from './specification/dataset.js';
export { DatasetBuilder, cleanText, maxTextLength } from './data/dataset-builder.js';
export { leaveOneOut, historyOf, targetOf } from './data/split.js';
export { Describe, describedKeys, type DescribedKey } from './config/describe.js';
export { dropout } from './tensor/dropout.js';
export { gatherRows } from './tensor/gather-rows.js';
export { TableItemVectors } from './specification/table-item-vectors.js';
