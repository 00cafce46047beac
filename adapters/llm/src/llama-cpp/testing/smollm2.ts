import { existsSync } from 'node:fs';
import { readConfig } from '@coco-rec/core';
import { testContext } from '../../testing/context.js';
import { LlamaCppConfig, llamaCpp } from '../llama-cpp.js';
import type { LlamaCppLLM } from '../llama-cpp-llm.js';
import { loadLlamaModule } from '../llama-module.js';

/** The real model, where it is. */
export const smollm2 = process.env.COCO_SMOLLM2 ?? '';

/** @returns why there is no real model on llama.cpp here, or undefined */
export async function whyNoLlama(): Promise<string | undefined> {
  try {
    await loadLlamaModule();
  } catch (error) {
    return (error as Error).message;
  }
  return existsSync(smollm2) ? undefined : `the model (COCO_SMOLLM2) is not at "${smollm2}"`;
}

/** One thread: on a machine that is busy, threads of llama.cpp wait for each other. */
export async function openSmolLM2(
  changes: Partial<LlamaCppConfig> = {},
  outside: Parameters<typeof testContext> = [],
): Promise<LlamaCppLLM> {
  const config = readConfig(LlamaCppConfig, { model: smollm2, threads: 1, ...changes }, 'knowledge');
  return (await llamaCpp.create(config, testContext(...outside))) as LlamaCppLLM;
}
