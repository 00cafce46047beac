import type { KnowledgeDescriptor } from '@coco-rec/core';
import { llamaCpp } from './llama-cpp/llama-cpp.js';
import { local } from './local.js';
import { openai } from './openai/openai.js';
import { tiny } from './tiny.js';

/** The built-in language models; one line each. */
export const knowledgeModels: readonly KnowledgeDescriptor[] = [tiny, local, llamaCpp, openai];

export { LlamaCppConfig } from './llama-cpp/llama-cpp.js';
export { LocalConfig, hashFiles } from './local.js';
export { OpenAIConfig } from './openai/openai.js';
export { FileKnowledgeStore, cacheFolder, tuningFolder } from './knowledge-store.js';
export { tokensPerPass } from './encoding-passes.js';
export { FileTextStore } from './text-store.js';
export { FileSpendLedger } from './spend-ledger.js';
export { type CheckedTensor, checkModel } from './check-model.js';
export { type ModelSummary, inspectModel } from './model-files/inspect-model.js';
export { type PullOptions, type PulledModel, pullModel } from './model-files/pull-model.js';
export { sizeText } from './model-files/size-text.js';
export { LocalDecoder, type ReadOptions } from './decoder/local-decoder.js';
export { type DecoderWeights, type TensorMaker, fromFiles, makeWeights } from './decoder/decoder-weights.js';
export { generateIds } from './decoder/generate.js';
export { type ModelSource, openModel } from './open-model.js';
export type { ModelConfig } from './model-config.js';
export type { TextTokenizer } from './tokenizer.js';
export { type PretrainOptions, type Pretrained, pretrain } from './pretrain/pretrain.js';
