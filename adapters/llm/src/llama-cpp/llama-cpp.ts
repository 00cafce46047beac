import { IsBoolean, IsInt, IsOptional, IsString, Max, Min } from 'class-validator';
import { Describe, NamesFile, type KnowledgeDescriptor } from '@coco-rec/core';
import { LlamaCppLLM, defaultTextTokens, demandGguf } from './llama-cpp-llm.js';

export class LlamaCppConfig {
  @Describe('A .gguf file, of any architecture that llama.cpp knows.')
  @IsString()
  @NamesFile()
  model!: string;

  @Describe(
    'Prompts that are answered at once, token by token in batches. 32 a core are quicker than 16, as memory allows.',
  )
  @IsInt()
  @Min(1)
  @Max(256)
  sequences = 8;

  @Describe(
    'Tokens of a prompt and its answer at most. Memory and time grow with it; llama.cpp rounds up to 256s.',
  )
  @IsInt()
  @Min(16)
  contextSize = 512;

  @Describe('Puts a prompt into the model’s chat template; false: the model continues the prompt as it is.')
  @IsBoolean()
  chat = true;

  @Describe('Texts are cut to this many tokens before they become vectors.')
  @IsInt()
  @Min(1)
  maxTokens = defaultTextTokens;

  @Describe('Threads. Default: one a core.')
  @IsOptional()
  @IsInt()
  @Min(1)
  threads?: number;

  @Describe('Computes on a GPU that llama.cpp finds, if its GPU binaries are installed.')
  @IsBoolean()
  gpu = false;
}

/** A GGUF file on llama.cpp. */
export const llamaCpp: KnowledgeDescriptor<LlamaCppConfig> = {
  kind: 'knowledge',
  id: 'llama-cpp',
  specVersion: 'v1',
  summary:
    'A GGUF model on llama.cpp in this process: answers many prompts at once, and encodes; no gradients.',
  capabilities: { encode: true, generate: true, differentiable: false },
  config: LlamaCppConfig,
  check: ({ model }) => demandGguf(model),
  create: (config, context) => LlamaCppLLM.open(config, context),
};
