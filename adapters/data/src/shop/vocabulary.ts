import { brandNames, brandSuffixes } from './words/brands.js';
import { categoryWords } from './words/categories.js';
import { type Department, departments } from './words/departments.js';
import { type TraitWords, concernWords, materialWords, priceWords, seasonWords } from './words/traits.js';

/** What an item of the shop is described by: it has one value of each facet. */
export const facetNames = ['category', 'brand', 'material', 'concern', 'season', 'price'] as const;

export type FacetName = (typeof facetNames)[number];

/** One value of a facet, such as the category "tent". */
export interface FacetValue {
  readonly facet: FacetName;
  /** Place among the values of its facet, from 0. */
  readonly index: number;
  /** Its first wording. */
  readonly name: string;
  /** 3 or 4 ways to say it in a text. */
  readonly wordings: readonly string[];
  /** Absent from the text that the embedded language model learns from: true of exactly a third of all values. */
  readonly heldOut: boolean;
  /** Values of one facet with the same group are related. */
  readonly group: string;
  /** Departments whose items may have it; all of them where it is empty. */
  readonly departments: readonly Department[];
  /** Ordinary, hence left out of texts: all year, middle price. */
  readonly neutral: boolean;
}

type Plain = Omit<FacetValue, 'index' | 'heldOut'>;

function fromWords(facet: FacetName, words: string, group: string, own: readonly Department[]): Plain {
  const wordings = words.split(' | ');
  const neutral = wordings[0] === 'all year' || wordings[0] === 'mid-price';
  return { facet, name: wordings[0], wordings, group, departments: own, neutral };
}

const fromTraits = (facet: FacetName, traits: readonly TraitWords[]): Plain[] =>
  traits.map(({ words, group, departments: own }) => fromWords(facet, words, group, own));

function brandsOf(department: Department): Plain[] {
  const suffixes = brandSuffixes[department];
  return brandNames[department].map((name) =>
    fromWords('brand', [name, ...suffixes.map((suffix) => `${name} ${suffix}`)].join(' | '), department, [
      department,
    ]),
  );
}

const plainValues: readonly Plain[] = [
  ...departments.flatMap((own) =>
    categoryWords[own].map((words) => fromWords('category', words, own, [own])),
  ),
  ...departments.flatMap(brandsOf),
  ...fromTraits('material', materialWords),
  ...fromTraits('concern', concernWords),
  ...fromTraits('season', seasonWords),
  ...fromTraits('price', priceWords),
];

const byFacet = new Map<FacetName, FacetValue[]>(facetNames.map((facet) => [facet, []]));
plainValues.forEach((plain, place) => {
  const list = byFacet.get(plain.facet)!;
  list.push({ ...plain, index: list.length, heldOut: place % 3 === 2 });
});

/** All values of a facet, by index. */
export function facetValues(facet: FacetName): readonly FacetValue[] {
  return byFacet.get(facet)!;
}

/** The values of the same facet and group, itself left out. */
export function relatedValues(value: FacetValue): readonly FacetValue[] {
  return facetValues(value.facet).filter((other) => other.group === value.group && other !== value);
}

/** The values of a facet that an item of a department may have. */
export function valuesOfDepartment(facet: FacetName, department: Department): readonly FacetValue[] {
  return facetValues(facet).filter(
    (value) => value.departments.length === 0 || value.departments.includes(department),
  );
}

/** The value of this name. @throws Error if there is none: names in the project's own tables are checked by a test */
export function facetValue(facet: FacetName, name: string): FacetValue {
  const found = facetValues(facet).find((value) => value.name === name);
  if (!found) throw new Error(`There is no ${facet} called "${name}".`);
  return found;
}
