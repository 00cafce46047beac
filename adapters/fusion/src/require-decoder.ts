import { type DifferentiableDecoder, UsageError } from '@coco-rec/core';

/** @throws UsageError if the language model has no local decoder. */
export function requireDecoder(
  fusion: string,
  decoder: DifferentiableDecoder | undefined,
): DifferentiableDecoder {
  if (decoder) return decoder;
  throw new UsageError(
    `Fusion "${fusion}" needs a language model with a local decoder (differentiable), such as "local" or "tiny".`,
  );
}
