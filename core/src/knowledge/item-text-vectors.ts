import { UsageError } from '../errors.js';
import type { Dataset } from '../specification/dataset.js';
import type { ItemTextVectors } from '../specification/backbone.js';
import { type TextEncoder, centred, encodeTexts, scaledToOne } from './encode-texts.js';

/**
 * The texts of all items, '' for padding.
 * @param asker who needs them: `Fusion "text"` @returns [V + 1] @throws UsageError if the data have none
 */
export function itemTexts({ texts, name, itemCount }: Dataset, asker: string): string[] {
  if (!texts) {
    throw new UsageError(`${asker} needs item texts, and ${name} has none: name the columns in "data.text".`);
  }
  const all = Array.from({ length: itemCount + 1 }, (_, item) => texts.get(item));
  if (all.every((text) => text === '')) {
    throw new UsageError(`${asker}: every item text of ${name} is empty.`);
  }
  return all;
}

/** Vectors of all item texts, centred and scaled to mean square 1. @throws as `itemTexts` and `encodeTexts` do */
export async function encodeItemTexts(
  dataset: Dataset,
  encoder: TextEncoder,
  asker: string,
): Promise<ItemTextVectors> {
  const texts = itemTexts(dataset, asker);
  const hasText = Uint8Array.from(texts, (text) => (text === '' ? 0 : 1));
  const described = [...texts.keys()].filter((item) => hasText[item] === 1);
  const ofDescribed = described.map((item) => texts[item]);
  const { vectors, hiddenSize } = await encodeTexts(encoder, asker, ofDescribed);
  const values = centred(vectors, described, texts.length, hiddenSize);
  return { values: scaledToOne(values, described.length, hiddenSize), hiddenSize, hasText };
}
