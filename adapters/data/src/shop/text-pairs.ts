/**
 * Pairs of texts that say the same, for teaching a small language model what a text is about: both are written from one
 * set of facet values, each in wordings and an order of its own. As in `shopSentences` no set tells an item and no value
 * is held out; invented values stand for what a shop sells and its model has never read of.
 */
import type { Random } from '@coco-rec/core';
import { inventedValue } from './invented-words.js';
import { capitalised } from './item-text.js';
import {
  type FacetName,
  type FacetValue,
  facetNames,
  relatedValues,
  valuesOfDepartment,
} from './vocabulary.js';
import { type Department, departments } from './words/departments.js';

/** Two texts about the same. */
export type TextPair = readonly [string, string];

type FacetSet = ReadonlyMap<FacetName, FacetValue>;

/** Pairs one after another that differ in one value of their set: told apart by that value only. */
const groupSize = 4;
/** Facets that tell an item when they stand together: a set has three of them at most. */
const telling: readonly FacetName[] = ['category', 'brand', 'material', 'concern'];
/** How often a value is invented: as often as a shop's value is held out. */
const inventedShare = 1 / 3;
/** How often the second text says a related value instead, so that related values come to lie near each other. */
const relatedShare = 0.1;

/** How each facet may be spoken of; # is a wording. */
const phrases: Readonly<Record<FacetName, readonly string[]>> = {
  category: ['#', 'this #', 'one #'],
  brand: ['#', 'by #', 'from #', '# makes it'],
  material: ['#', 'with #', 'made with #'],
  concern: ['#', 'for #', 'meant for #', 'many buy it for #'],
  season: ['#', 'for #', 'above all for #'],
  price: ['#', 'for the # shelf'],
};
const joints = [' ', ' ', ', ', ' – '] as const;

/**
 * Each pair is written from a set of 2 to 4 facets of a department. Four pairs in a row differ in one value each.
 * @param random any stream; the shops' own are not touched @param count number of pairs
 */
export function shopTextPairs(random: Random, count: number): TextPair[] {
  const stream = random.derive('shop text pairs');
  const pairs: TextPair[] = [];
  while (pairs.length < count) {
    for (const facets of drawGroup(stream)) pairs.push(writePair(facets, stream));
  }
  return pairs.slice(0, count);
}

const isSpoken = (value: FacetValue): boolean => !value.heldOut && !value.neutral;
const pick = <T>(list: readonly T[], random: Random): T => list[random.integer(list.length)];

/** A set, and sets that differ from it in one value each. */
function drawGroup(random: Random): FacetSet[] {
  const department = pick(departments, random);
  const drawn = random.shuffle([...facetNames]).slice(0, 2 + random.integer(3));
  const tooMany = telling.every((facet) => drawn.includes(facet)) ? pick(telling, random) : undefined;
  const facets = drawn.filter((facet) => facet !== tooMany);
  const first = new Map(facets.map((facet) => [facet, drawValue(facet, department, random)]));
  const others = Array.from({ length: groupSize - 1 }, () => {
    const changed = pick(facets, random);
    return new Map([...first, [changed, drawOther(first.get(changed)!, department, random)]]);
  });
  return [first, ...others];
}

function drawOther(value: FacetValue, department: Department, random: Random): FacetValue {
  const drawn = drawValue(value.facet, department, random);
  return drawn === value ? drawOther(value, department, random) : drawn;
}

function drawValue(facet: FacetName, department: Department, random: Random): FacetValue {
  if (random.uniform() < inventedShare) return inventedValue(facet, department, random);
  return pick(valuesOfDepartment(facet, department).filter(isSpoken), random);
}

function writePair(facets: FacetSet, random: Random): TextPair {
  return [
    writeText(facets, random),
    writeText(new Map([...facets].map(([facet, value]) => [facet, neighbour(value, random)])), random),
  ];
}

/** The value, or now and then a related one. */
function neighbour(value: FacetValue, random: Random): FacetValue {
  const related = random.uniform() < relatedShare ? relatedValues(value).filter(isSpoken) : [];
  return related.length > 0 ? pick(related, random) : value;
}

/** One or two sentences, each of which names all values: a title, or a title and a description. */
function writeText(facets: FacetSet, random: Random): string {
  return Array.from({ length: random.uniform() < 0.3 ? 2 : 1 }, () => writeSentence(facets, random)).join(
    '. ',
  );
}

function writeSentence(facets: FacetSet, random: Random): string {
  let text = '';
  for (const [facet, value] of random.shuffle([...facets])) {
    if (text) text += pick(joints, random);
    text += pick(phrases[facet], random).replace('#', pick(value.wordings, random));
  }
  return capitalised(text);
}
