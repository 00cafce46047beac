import type { Hasher } from '../specification/ports.js';
import type { TuningConfig, TuningPair } from '../specification/tuning.js';

/**
 * Content hash of a language model after tuning: SHA-256 of the base model's, of the pairs in their order, and of all
 * settings. Known before it is tuned, so that what it wrote can be looked up.
 */
export function tunedHash(
  base: string,
  pairs: readonly TuningPair[],
  config: TuningConfig,
  hasher: Hasher,
): string {
  const { rank, alpha, dropout, learningRate, epochs, batchSize, maxTokens, seed } = config;
  const settings = [rank, alpha, dropout, learningRate, epochs, batchSize, maxTokens, seed];
  const examples = pairs.map(({ prompt, answer }) => [prompt, answer]);
  return hasher.sha256(JSON.stringify(['lora', base, settings, examples]));
}
