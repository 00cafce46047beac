import { UsageError } from '@coco-rec/core';

/** @throws UsageError unless the heads divide the model width. */
export function checkHeads({ dimension, numHeads }: { dimension: number; numHeads: number }): void {
  if (dimension % numHeads === 0) return;
  throw new UsageError(`"backbone.numHeads" (${numHeads}) must divide "backbone.dimension" (${dimension}).`);
}
