import { IsIn, IsInt, IsNumber, IsOptional, IsString, Max, Min } from 'class-validator';
import { Describe, type KnowledgeDescriptor } from '@coco-rec/core';
import { HostedLLM } from './hosted-llm.js';

export class OpenAIConfig {
  @Describe('Where the server is, up to the version: `http://localhost:8000/v1`.')
  @IsString()
  baseUrl!: string;

  @Describe('The model that answers prompts, by the server’s name for it.')
  @IsOptional()
  @IsString()
  model?: string;

  @Describe('The model that turns texts into vectors.')
  @IsOptional()
  @IsString()
  embeddingModel?: string;

  @Describe(
    'Length of the vectors, asked of the server. Default: the model’s own, learnt from one request when vectors are wanted.',
  )
  @IsOptional()
  @IsInt()
  @Min(1)
  dimensions?: number;

  @Describe(
    'Name of the environment variable that holds the key, in capital letters. A server without keys needs none.',
  )
  @IsString()
  apiKeyVariable = 'OPENAI_API_KEY';

  @Describe('Requests under way at most.')
  @IsInt()
  @Min(1)
  @Max(256)
  concurrency = 4;

  @Describe('Requests in any 60 seconds at most.')
  @IsOptional()
  @IsInt()
  @Min(1)
  requestsPerMinute?: number;

  @Describe('Tokens in any 60 seconds at most, prompts and answers.')
  @IsOptional()
  @IsInt()
  @Min(1)
  tokensPerMinute?: number;

  @Describe('A request that failed in a way that may pass is sent again so often.')
  @IsInt()
  @Min(0)
  @Max(20)
  maxRetries = 5;

  @Describe(
    'Seconds before the first retry; doubled with each, up to 30, and jittered. `Retry-After` adds to it.',
  )
  @IsNumber()
  @Min(0)
  retryDelay = 0.5;

  @Describe('Seconds that a request may take.')
  @IsNumber()
  @Min(0.01)
  timeout = 60;

  @Describe('US dollars for a million tokens of prompts; 0 where the server is free. Default: not known.')
  @IsOptional()
  @IsNumber()
  @Min(0)
  promptPrice?: number;

  @Describe('US dollars for a million tokens of answers; 0 where the server is free. Default: not known.')
  @IsOptional()
  @IsNumber()
  @Min(0)
  answerPrice?: number;

  @Describe('US dollars for a million tokens of texts that become vectors. Default: not known.')
  @IsOptional()
  @IsNumber()
  @Min(0)
  embeddingPrice?: number;

  @Describe(
    'US dollars that all starts together may spend at this server, whatever the models; no request is sent that could pass it. ' +
      'Needs the prices of these models.',
  )
  @IsOptional()
  @IsNumber()
  @Min(0)
  maxCost?: number;

  @Describe('Sampling temperature; null sends none, for models that refuse it.')
  @IsOptional()
  @IsNumber()
  @Min(0)
  temperature: number | null = 0;

  @Describe('Seed of the sampling, for servers that take one.')
  @IsOptional()
  @IsInt()
  seed?: number;

  @Describe('The parameter that limits an answer; reasoning models want `max_completion_tokens`.')
  @IsIn(['max_tokens', 'max_completion_tokens'])
  tokenLimit: 'max_tokens' | 'max_completion_tokens' = 'max_tokens';

  @Describe('Texts in one request for vectors.')
  @IsInt()
  @Min(1)
  @Max(2048)
  textsPerRequest = 64;
}

/** A language model behind the OpenAI interface, wherever it runs. */
export const openai: KnowledgeDescriptor<OpenAIConfig> = {
  kind: 'knowledge',
  id: 'openai',
  specVersion: 'v1',
  summary:
    'Any server with the OpenAI interface (chat completions, embeddings), with rate limits, retries and a cap on spend.',
  capabilities: { encode: true, generate: true, differentiable: false },
  config: OpenAIConfig,
  create: async (config, context) => HostedLLM.open(config, context),
};
