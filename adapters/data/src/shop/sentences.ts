/**
 * Shop talk for training a small language model: no item and no user of any shop, and never a value that is held out.
 * Wordings of one value, related values, and a category and what goes with it stand side by side, so that a model which
 * reads it comes to hold them for alike.
 */
import type { Random } from '@coco-rec/core';
import { complements } from './complements.js';
import { capitalised, descriptionOf, titleOf, withArticle } from './item-text.js';
import {
  type FacetName,
  type FacetValue,
  facetNames,
  facetValues,
  relatedValues,
  valuesOfDepartment,
} from './vocabulary.js';
import { departmentNames, departments } from './words/departments.js';

const isKnown = (value: FacetValue): boolean => !value.heldOut;
const pick = <T>(list: readonly T[], random: Random): T => list[random.integer(list.length)];

type Writer = (random: Random) => string | undefined;

/** A description of something that no shop has: values are drawn without regard to any catalogue. */
const talk: Writer = (random) => {
  const department = pick(departments, random);
  const drawn = facetNames.map((facet) => {
    const known = valuesOfDepartment(facet, department).filter(isKnown);
    return known.length > 0 ? ([facet, pick(known, random)] as const) : undefined;
  });
  if (!drawn.every((entry) => entry !== undefined)) return undefined;
  const facets = Object.fromEntries(drawn) as Record<FacetName, FacetValue>;
  return random.uniform() < 0.5 ? titleOf(facets, random) : descriptionOf(facets, random);
};

function anyValue(random: Random): FacetValue {
  return pick(facetValues(pick(facetNames, random)).filter(isKnown), random);
}

/** "People who look for X also look at Y": two related values. */
const relation: Writer = (random) => {
  const value = anyValue(random);
  const related = relatedValues(value).filter(isKnown);
  if (related.length === 0) return undefined;
  const [a, b] = [value, pick(related, random)].map(({ wordings }) => pick(wordings, random));
  return pick(
    [
      `People who look for ${a} also look at ${b}.`,
      `If not ${a}, then ${b}.`,
      `${capitalised(a)} and ${b} are near relatives.`,
      `Whoever likes ${a} is fond of ${b} too.`,
    ],
    random,
  );
};

/** "X, that is Y": two wordings of one value. */
const naming: Writer = (random) => {
  const [a, b] = random.shuffle([...anyValue(random).wordings]);
  return pick([`${capitalised(a)}, that is ${b}.`, `${capitalised(a)} means ${b}.`, `Say ${a} or ${b}.`], random);
};

/** "A tent is followed by a sleeping bag." */
const company: Writer = (random) => {
  const category = pick(facetValues('category').filter(isKnown), random);
  const followers = complements[category.index].map((at) => facetValues('category')[at]).filter(isKnown);
  if (followers.length === 0) return undefined;
  const [a, b] = [category, pick(followers, random)].map(({ wordings }) => withArticle(pick(wordings, random)));
  return pick(
    [
      `${capitalised(a)} is followed by ${b}.`,
      `${capitalised(a)} goes well with ${b}.`,
      `Next to ${a} you need ${b}.`,
    ],
    random,
  );
};

/** "In our hair care you find shampoo for frizz." */
const place: Writer = (random) => {
  const department = pick(departments, random);
  const known = (['category', 'concern', 'material'] as const).map((facet) =>
    valuesOfDepartment(facet, department).filter((value) => isKnown(value) && !value.neutral),
  );
  if (known.some((values) => values.length === 0)) return undefined;
  const [category, concern, material] = known.map((values) => pick(pick(values, random).wordings, random));
  const where = departmentNames[department];
  return pick(
    [
      `In ${where} you find ${category} for ${concern}.`,
      `Our ${where}: ${category} with ${material}.`,
      `${capitalised(category)} for ${concern} belongs to ${where}.`,
    ],
    random,
  );
};

const writers: readonly Writer[] = [talk, talk, talk, relation, relation, naming, company, place];

/** @returns `count` sentences or short texts; the same for the same random numbers */
export function shopSentences(random: Random, count: number): string[] {
  const sentences: string[] = [];
  while (sentences.length < count) {
    const sentence = pick(writers, random)(random);
    if (sentence !== undefined) sentences.push(sentence);
  }
  return sentences;
}
