export { CocoError, UsageError, StoppedError, OutsideError, nearestName } from './errors.js';
export { breathe } from './breathe.js';
export { fileErrorReason } from './file-error.js';
export { Random, hash32 } from './random.js';
export type {
  BackboneCapabilities,
  KnowledgeCapabilities,
  FusionNeeds,
} from './specification/capabilities.js';
export type { Batch, PreparedBatch, Phase, Rows } from './specification/batch.js';
export type { ItemVectors } from './specification/item-vectors.js';
export type {
  FileStore,
  KnowledgeStore,
  Hasher,
  Clock,
  Collective,
  Progress,
  Provenance,
  StoredText,
  SpendLedger,
  Spent,
  TextStore,
} from './specification/ports.js';
export type { TextPrompt, TextWriter, TunedWriter, WrittenText } from './specification/text-writer.js';
export type { TunedLLM, TuningConfig, TuningOptions, TuningPair } from './specification/tuning.js';
export type {
  ExternalFile,
  Ranker,
  RankOptions,
  TopK,
  FitContext,
  NamedArray,
} from './specification/ranker.js';
export type {
  KnowledgeLLM,
  TextViewEncoder,
  DifferentiableDecoder,
  DecoderPass,
  GenerateForecast,
  GenerateOptions,
  GeneratedText,
  LoraConfig,
  LoraWeights,
  PromptFailure,
  ServiceAccount,
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
  demandData,
  disposeBatch,
  type BackboneContext,
  type ItemTextVectors,
  type OpenContext,
} from './specification/backbone.js';
export { rowsOf, type EncodedRows } from './specification/encoded-rows.js';
export type { RowLoss } from './specification/row-loss.js';
export type { RowSampler, SequenceBlock, SequenceKind, Stage, StepLoss } from './specification/stage.js';
export {
  FusionStrategy,
  type ExtractionContext,
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
export { StringIndex } from './data/string-index.js';
export type {
  Dataset,
  HeldOut,
  Split,
  SplitRule,
  TrainingPart,
  Strings,
  Times,
  ImportReport,
  ItemAttributes,
} from './specification/dataset.js';
export { DatasetBuilder, cleanText, maxTextLength } from './data/dataset-builder.js';
export {
  leaveOneOut,
  coldTargets,
  historyOf,
  demandGivenSeconds,
  knownTimes,
  targetOf,
  timesOf,
  trainingCounts,
  trainingHistory,
} from './data/split.js';
export { globalTimeSplit, type HeldOutShares } from './data/global-time-split.js';
export { isDate, mostSeconds, timeText } from './data/time-text.js';
export {
  Describe,
  NamesFile,
  Reaches,
  describedKeys,
  keysOfFiles,
  keysOfReach,
  type DescribedKey,
} from './config/describe.js';
export { readConfig } from './config/validate.js';
export { RunConfig, TrainConfig, EvaluateConfig, type UnitSetting } from './config/run-config.js';
export { Registry } from './registry.js';
export { createContainer, tokens, type Ports } from './container.js';
export {
  type TextEncoder,
  centred,
  encodeTexts,
  encodeViews,
  scaledToOne,
} from './knowledge/encode-texts.js';
export { encodeItemTexts, itemTexts } from './knowledge/item-text-vectors.js';
export { isEmptyAnswer } from './knowledge/empty-answer.js';
export { MemorySpendLedger } from './knowledge/memory-spend-ledger.js';
export { MemoryTextStore } from './knowledge/memory-text-store.js';
export { StoredTextWriter, type StoredTextWriterOptions } from './knowledge/stored-text-writer.js';
export { TextLedger, type LedgerEntry } from './knowledge/text-ledger.js';
export { tunedHash } from './knowledge/tuned-hash.js';
export { repeatsInstructions } from './knowledge/instruction-echo.js';
export { checkKnowledge, checkNeeds, type Pairing } from './check-needs.js';
export { type FloatType, floatWidths, floatsOf, halfValue } from './data/floats.js';
export { demandAsDescribed, tryOut } from './training/try-out.js';
export { encodeSafetensors, decodeSafetensors } from './data/safetensors.js';
export { nextItemRows, lastItemRows } from './data/row-samplers.js';
export { clozeRows, withMaskPlace, type HiddenPositions, type KeptItems } from './data/cloze.js';
export {
  type Sequence,
  type PlannedStep,
  type BatchLimits,
  makeBatch,
  planEpoch,
  trainingSequences,
} from './data/batches.js';
export { createLoss, findLoss, losses } from './losses/create-loss.js';
export type { LossContext, LossDescriptor } from './losses/loss.js';
export { Adam, type AdamConfig } from './training/adam.js';
export { LazyAdam } from './training/lazy-adam.js';
export { createOptimizer } from './training/optimizer.js';
export { SequenceModel, type ModelInput } from './training/sequence-model.js';
export { warmFile } from './training/trainer.js';
export { FusedRanker } from './training/fused-ranker.js';
export { weightDecayOf } from './training/stages.js';
export { trainStep, type StepInput, type StepPart } from './training/train-step.js';
export { type Checkpoint, saveCheckpoint, loadCheckpoint } from './training/checkpoint.js';
export { type Metrics, ndcgAt, rankMetrics } from './evaluation/metrics.js';
export { rankTargets, topItems, type ScoreBlock } from './evaluation/ranking.js';
export { evaluateRanker, type Evaluation, type EvaluationOptions } from './evaluation/evaluate.js';
export { pairedDifference, holm, type PairedDifference } from './evaluation/statistics.js';
export { rowUpdateKernel, updateRows } from './tensor/row-update.js';
export { adamKernel, adamUpdate, type AdamNumbers, type AdamTensors } from './tensor/adam-update.js';
export { attention, type AttentionOptions } from './tensor/attention.js';
export { causalMask, maskedScore, paddingMask } from './tensor/causal-mask.js';
export { cosine } from './tensor/cosine.js';
export { dropout, dropoutMask, type DropoutOptions } from './tensor/dropout.js';
export { gatherRows } from './tensor/gather-rows.js';
export { gelu } from './tensor/gelu.js';
export { layerNorm } from './tensor/layer-norm.js';
export { linear } from './tensor/linear.js';
export { linearCrossEntropy, type LinearCrossEntropyOptions } from './tensor/linear-cross-entropy.js';
export { loraLinear, type Lora } from './tensor/lora-linear.js';
export { relu } from './tensor/relu.js';
export { residual, type ResidualOptions } from './tensor/residual.js';
export { joinedAttention, type JoinedAttentionOptions } from './tensor/joined-attention.js';
export { halfSquaresKernel, reluGradientKernel, scaleKernel, shiftKernel } from './tensor/direct.js';
export { l2Normalise } from './tensor/normalise.js';
export {
  recomputed,
  chunkRows,
  type Chunk,
  type ChunkForward,
  type RecomputedOptions,
} from './tensor/recomputed.js';
export { rmsNorm } from './tensor/rms-norm.js';
export { rotary, rotaryTables } from './tensor/rotary.js';
export { swiGlu } from './tensor/swiglu.js';
export { sampledSoftmax, type SampledSoftmaxOptions } from './tensor/sampled-softmax.js';
export { customOp, disposeTape, tapeIsOn, withoutTape, gradientsOf } from './tensor/tape.js';
export { TableItemVectors } from './specification/table-item-vectors.js';
