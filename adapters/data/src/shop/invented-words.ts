/** Values that no shop has, in words spliced from words of the vocabulary that may be spoken. */
import type { Random } from '@coco-rec/core';
import { type FacetName, type FacetValue, facetNames, facetValues } from './vocabulary.js';
import type { Department } from './words/departments.js';

const wordsOf = (values: readonly FacetValue[]): string[] => [
  ...new Set(
    values.flatMap(({ wordings }) =>
      wordings.flatMap((wording) => wording.toLowerCase().match(/\p{L}+/gu) ?? []),
    ),
  ),
];
const allValues = facetNames.flatMap((facet) => facetValues(facet));
const known = new Set(wordsOf(allValues));
/** Long enough to have a beginning and an end. */
const sources = wordsOf(allValues.filter(({ heldOut }) => !heldOut)).filter((word) => word.length >= 4);

/** The beginning of one word and the end of another; never a word of the vocabulary. */
export function inventedWord(random: Random): string {
  for (;;) {
    const [first, second] = [0, 1].map(() => sources[random.integer(sources.length)]);
    const word = first.slice(0, 2 + random.integer(3)) + second.slice(-2 - random.integer(3));
    if (!known.has(word)) return word;
  }
}

/** A value with two or three wordings around one word of its own, as "tent | dome tent" is. */
export function inventedValue(facet: FacetName, department: Department, random: Random): FacetValue {
  const word = inventedWord(random);
  const name = facet === 'brand' ? word.charAt(0).toUpperCase() + word.slice(1) : word;
  const wordings = [name, `${name} ${inventedWord(random)}`, `${inventedWord(random)} ${name}`];
  return {
    facet,
    index: -1,
    name,
    wordings,
    heldOut: false,
    group: `invented ${word}`,
    departments: [department],
    neutral: false,
  };
}
