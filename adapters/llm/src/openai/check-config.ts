import { UsageError } from '@coco-rec/core';
import type { OpenAIConfig } from './openai.js';

/** @returns the server's address. @throws UsageError; a key that stands where its variable's name should is not repeated */
export function checkConfig(config: OpenAIConfig): URL {
  const { baseUrl, apiKeyVariable, model, embeddingModel, maxCost } = config;
  if (!/^[A-Z_][A-Z0-9_]*$/.test(apiKeyVariable)) {
    throw new UsageError(
      '"knowledge.apiKeyVariable" must be the name of an environment variable, never the key: capital letters, digits and _.',
    );
  }
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') {
    throw new UsageError(
      '"knowledge.baseUrl" must be an address like https://api.example.org/v1, without user and password.',
    );
  }
  if (!model && !embeddingModel)
    throw new UsageError('"knowledge" names neither a "model" (for answers) nor an "embeddingModel".');
  if (maxCost !== undefined) demandPrices(config);
  return url;
}

function demandPrices(config: OpenAIConfig): void {
  const missing = missingPrices(config).map((key) => `"${key}"`);
  if (missing.length > 0) throw new UsageError(`"knowledge.maxCost" needs ${missing.join(' and ')} as well.`);
  const { promptPrice = 0, answerPrice = 0, embeddingPrice = 0 } = config;
  if (promptPrice + answerPrice + embeddingPrice === 0)
    throw new UsageError('"knowledge.maxCost" needs prices, and all of them are 0.');
}

/** The keys without which a cost of the models that are named is not known. */
export function missingPrices(config: OpenAIConfig): string[] {
  const { model, embeddingModel } = config;
  const keys = [
    ...(model ? (['promptPrice', 'answerPrice'] as const) : []),
    ...(embeddingModel ? (['embeddingPrice'] as const) : []),
  ];
  return keys.filter((key) => config[key] === undefined);
}

/**
 * The key in an environment variable, without blanks and line breaks around it; undefined if there is none.
 * @throws UsageError, without the key, for one that no header can hold
 */
export function readKey(variable: string): string | undefined {
  const key = process.env[variable]?.trim() || undefined;
  if (key === undefined || /^[\x21-\x7e]+$/.test(key)) return key;
  throw new UsageError(
    `The key in the environment variable ${variable} holds a line break, a blank or another character that no key has: ` +
      'only letters, digits and signs of ASCII can be sent. Set it anew.',
  );
}
