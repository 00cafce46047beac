/**
 * Natural sentences about facets, for training a small language model that shall know the shop's words but none of its
 * items and users: partial combinations only, no value that is held out, related values side by side.
 */
import { CocoError, type Random } from '@coco-rec/core';
import { complements } from './complements.js';
import { capitalised, withArticle } from './item-text.js';
import {
  type FacetName,
  type FacetValue,
  facetValues,
  relatedValues,
  valuesOfDepartment,
} from './vocabulary.js';
import { type Department, departmentNames, departments } from './words/departments.js';

/** What a template draws from: never a value that is held out. */
class Drawer {
  readonly department: Department;

  constructor(private readonly random: Random) {
    this.department = this.pick(departments);
  }

  pick<T>(list: readonly T[]): T {
    if (list.length === 0) throw new CocoError('A sentence template has nothing to choose from.');
    return list[this.random.integer(list.length)];
  }

  /** A value of the department that may be spoken of. */
  value(facet: FacetName): FacetValue {
    return this.pick(valuesOfDepartment(facet, this.department).filter(isSpoken));
  }

  word(facet: FacetName): string {
    return this.say(this.value(facet));
  }

  say(value: FacetValue): string {
    return this.pick(value.wordings);
  }

  /** Two wordings of one value. */
  synonyms(value: FacetValue): [string, string] {
    const [first, second] = this.random.shuffle([...value.wordings]);
    return [first, second];
  }

  /** A value of the facet and a related one, in any department. */
  related(facet: FacetName): [FacetValue, FacetValue] {
    const values = facetValues(facet).filter(
      (value) => isSpoken(value) && relatedValues(value).some(isSpoken),
    );
    const value = this.pick(values);
    return [value, this.pick(relatedValues(value).filter(isSpoken))];
  }

  /** A category in whose department this value is found. */
  categoryFor(value: FacetValue): FacetValue {
    return this.pick(
      value.departments.flatMap((own) => valuesOfDepartment('category', own)).filter(isSpoken),
    );
  }

  /** A category and one that follows it. */
  complement(): [FacetValue, FacetValue] {
    const all = facetValues('category');
    const pairs = all
      .filter(isSpoken)
      .flatMap((category) =>
        complements[category.index].map((follower) => [category, all[follower]] as [FacetValue, FacetValue]),
      );
    return this.pick(pairs.filter(([, follower]) => isSpoken(follower)));
  }
}

const isSpoken = (value: FacetValue): boolean => !value.heldOut && !value.neutral;

type Sentence = (draw: Drawer) => string;

/** Parts of titles and descriptions, in their wording. None names brand, material and concern of one thing together. */
const partialTitles: readonly Sentence[] = [
  (d) => `${d.word('brand')} ${d.word('category')} with ${d.word('material')}`,
  (d) => `${d.word('brand')} ${d.word('price')} ${d.word('category')}, ${d.word('material')}`,
  (d) => `${d.word('category')} for ${d.word('concern')} by ${d.word('brand')}`,
  (d) => `${d.word('price')} ${d.word('category')} for ${d.word('concern')}, for ${d.word('season')}`,
  (d) => `${d.word('material')} ${d.word('category')} for ${d.word('concern')}`,
  (d) =>
    `${d.word('category')} for ${d.word('concern')} and ${d.word('season')} – ${d.word('price')} ${d.word('brand')}`,
  (d) =>
    `this ${d.word('price')} ${d.word('category')} by ${d.word('brand')} is made with ${d.word('material')}.`,
  (d) =>
    `${withArticle(`${d.word('price')} ${d.word('category')}`)} with ${d.word('material')}, from ${d.word('brand')}.`,
  (d) => `it is meant for ${d.word('concern')} and for ${d.word('season')}.`,
  (d) => `many buy it for ${d.word('concern')}, above all for ${d.word('season')}.`,
];

/** What goes with what, what is like what, what is another word for what. */
const relations: readonly Sentence[] = [
  (d) => {
    const [first, second] = d.complement().map((value) => d.say(value));
    return `${withArticle(first)} goes well with ${withArticle(second)}.`;
  },
  (d) => {
    const [first, second] = d.complement().map((value) => d.say(value));
    return `who buys ${withArticle(first)} often needs ${withArticle(second)} next.`;
  },
  (d) => {
    const [first, second] = d.related('concern');
    return `${withArticle(d.say(d.categoryFor(first)))} for ${d.say(first)} and ${d.say(second)}.`;
  },
  (d) => {
    const [first, second] = d.related('material').map((value) => d.say(value));
    return `${first} and ${second} are much alike.`;
  },
  (d) => {
    const [first, second] = d.related('brand').map((value) => d.say(value));
    return `${first} is a maker like ${second}.`;
  },
  (d) => {
    const [first, second] = d.related('category').map((value) => d.say(value));
    return `${withArticle(first)} and ${withArticle(second)} are found on the same shelf.`;
  },
  (d) => {
    const [first, second] = d.related('season').map((value) => d.say(value));
    return `made for ${first} and ${second}.`;
  },
  (d) =>
    `${d.word('brand')} makes ${departmentNames[d.department]}, such as ${withArticle(d.word('category'))}.`,
  (d) => `${withArticle(d.word('category'))} belongs to ${departmentNames[d.department]}.`,
  (d) => `in ${departmentNames[d.department]} people ask for ${d.word('concern')}.`,
  (d) => {
    const facet = d.pick(['category', 'material', 'concern', 'season', 'price'] as const);
    const [first, second] = d.synonyms(d.value(facet));
    return `${first} is another word for ${second}.`;
  },
];

const templates: readonly Sentence[] = [...partialTitles, ...relations];

/**
 * Sentences in the words of titles and descriptions. No sentence names a held-out value, and none is the title of an item.
 * @param random any stream; the shops' own are not touched @param count number of sentences
 */
export function shopSentences(random: Random, count: number): string[] {
  const stream = random.derive('shop sentences');
  return Array.from({ length: count }, () => {
    const draw = new Drawer(stream);
    return capitalised(draw.pick(templates)(draw));
  });
}
