import { type KnowledgeStore, type SpendLedger, readConfig } from '@coco-rec/core';
import { testContext } from '../../testing/context.js';
import type { HostedLLM } from '../hosted-llm.js';
import { OpenAIConfig, openai } from '../openai.js';

export const keyVariable = 'COCO_TEST_KEY';
export const key = 'sk-never-to-be-shown';

/** A model of the server at `baseUrl`, with the key in the environment. */
export async function openHosted(
  baseUrl: string,
  changes: Partial<OpenAIConfig> = {},
  outside: { knowledge?: KnowledgeStore; signal?: AbortSignal; spend?: SpendLedger } = {},
): Promise<HostedLLM> {
  process.env[keyVariable] = key;
  const plain = { baseUrl, model: 'm', apiKeyVariable: keyVariable, retryDelay: 0.01, ...changes };
  const config = readConfig(OpenAIConfig, plain, 'knowledge');
  const context = testContext(outside.knowledge, outside.signal, outside.spend);
  return (await openai.create(config, context)) as HostedLLM;
}
