import { type WrittenText, repeatsInstructions } from '@coco-rec/core';

/** Reads the reflector's sentence; one that is not there yet is taken for the dearer case. */
export function isReasonable({ text, isTentative }: Pick<WrittenText, 'text' | 'isTentative'>): boolean {
  return !isTentative && !/\b(not|un|in)[\s-]*reasonable\b|\bisn.t reasonable\b/i.test(text ?? '');
}

const wordsOf = (text: string): string[] => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];

/**
 * Which of two options an answer chooses: the one that it calls by its place, "first" or "second"; else the one of whose
 * own words, those that the other lacks, it says more. Undefined: neither.
 */
export function chosenOption(
  { text = '', isTentative }: Pick<WrittenText, 'text' | 'isTentative'>,
  options: readonly [string, string],
): 0 | 1 | undefined {
  if (isTentative) return undefined;
  const said = new Set(wordsOf(text));
  if (said.has('first') !== said.has('second')) return said.has('first') ? 0 : 1;
  const [first, second] = options.map((option) => new Set(wordsOf(option)));
  const count = (own: Set<string>, other: Set<string>): number =>
    [...own].filter((word) => said.has(word) && !other.has(word)).length;
  const lead = count(first, second) - count(second, first);
  return lead === 0 ? undefined : lead > 0 ? 0 : 1;
}

/**
 * Whether a text gives away a title: all its words in a row, or eight of them.
 * @param shown titles that the text may name
 */
export function namesHidden(text: string, hidden: readonly string[], shown: readonly string[]): boolean {
  return hidden.some(
    (title) => repeatsInstructions(text, title) && !shown.some((other) => repeatsInstructions(other, title)),
  );
}
