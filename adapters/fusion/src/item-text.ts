import {
  type FusionContext,
  type PreparedBatch,
  type Random,
  centred,
  encodeTexts,
  encodeViews,
  itemTexts,
} from '@coco-rec/core';
import type { Control } from './text-config.js';
import { type ReadVectors, textFeatures } from './join-views.js';
import type { VectorTable } from './whiten.js';

/**
 * What the language model says of each item: the title's vector (mean over tokens of the states after the final norm),
 * minus the mean over the catalogue. An item without text has the catalogue's mean, so its vector here is zero, and it
 * is left out where titles are listed. Encoded once, by the frozen model, in host memory.
 *
 * The placebo deals titles to other items by a permutation that depends on the run's seed only, so training and test
 * agree: what is left of a gain then comes from parameters, not from knowledge.
 */
export class ItemText implements ReadVectors {
  private constructor(
    /** H. */
    readonly hiddenSize: number,
    /** [V+1], 1 where an item has a text. */
    readonly hasText: Uint8Array,
    /** [V+1], the item whose title an item carries: itself, but for the placebo. */
    readonly titleOf: Int32Array,
    /** [V+1, H] centred vectors; zero for padding and items without text. */
    readonly table: VectorTable,
    /** What the model sees in each title besides, centred, [V+1, H] a view. */
    readonly views: readonly VectorTable[],
    private readonly random: Random,
  ) {}

  /** @throws UsageError if there are no texts or the language model cannot encode. */
  static async load(context: FusionContext, fusion: string, control: Control): Promise<ItemText> {
    const { dataset, random } = context;
    const asker = `Fusion "${fusion}"`;
    const texts = itemTexts(dataset, asker);
    const hasText = Uint8Array.from(texts, (text, item) => (item > 0 && text !== '' ? 1 : 0));
    const titleOf = Int32Array.from(texts.keys());
    if (control === 'placebo') permute(titleOf, hasText, random.derive('placebo'));
    const described = [...titleOf].filter((item) => hasText[item] === 1);
    const titles = described.map((item) => texts[titleOf[item]]);
    const { vectors, hiddenSize } = await encodeTexts(context, asker, titles);
    const tableOf = (own: Float32Array): VectorTable => {
      const values = centred(own, described, texts.length, hiddenSize);
      return { values, count: texts.length, width: hiddenSize };
    };
    const views = await encodeViews(context, titles);
    const stream = random.derive('whiten');
    return new ItemText(hiddenSize, hasText, titleOf, tableOf(vectors), views.map(tableOf), stream);
  }

  /** @see textFeatures */
  features(width: number): Promise<VectorTable> {
    return textFeatures(this, width, this.random);
  }
}

/** Permutes among the items that have a text. */
function permute(titleOf: Int32Array, hasText: Uint8Array, random: Random): void {
  const members = titleOf.filter((item) => hasText[item] === 1);
  const dealt = random.shuffle(members.slice());
  members.forEach((item, i) => (titleOf[item] = dealt[i]));
}

/** Whether an id of a batch is an item with a text: padding and mask tokens are not. */
export function isDescribed(text: ItemText, item: number): boolean {
  return item > 0 && item < text.hasText.length && text.hasText[item] === 1;
}

/**
 * Mean vector of the items that each row may see (up to `visibleUntil`, those without text left out).
 * @param features one vector an item @returns means [P·w], zero where nothing is seen, and how many items were seen [P]
 */
export function historyMeans(
  { rows, items, lengths, offsets, length }: PreparedBatch,
  text: ItemText,
  { values, width }: VectorTable,
): { means: Float32Array; seen: Int32Array } {
  const means = new Float32Array(rows.count * width);
  const seen = new Int32Array(rows.count);
  const sum = new Float64Array(width);
  let [sequence, position] = [-1, 0];
  for (let p = 0; p < rows.count; p++) {
    const b = rows.sequence[p];
    const end = Math.min(lengths[b], rows.visibleUntil[p] - offsets[b]);
    const goesOn = b === sequence && position <= end;
    if (!goesOn) [sequence, position] = [b, 0];
    if (!goesOn) sum.fill(0);
    seen[p] = goesOn && p > 0 ? seen[p - 1] : 0;
    for (; position < end; position++) {
      const item = items[b * length + position];
      if (!isDescribed(text, item)) continue;
      seen[p]++;
      for (let w = 0; w < width; w++) sum[w] += values[item * width + w];
    }
    if (seen[p] > 0) for (let w = 0; w < width; w++) means[p * width + w] = sum[w] / seen[p];
  }
  return { means, seen };
}
