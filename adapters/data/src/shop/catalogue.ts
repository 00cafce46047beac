import type { Random } from '@coco-rec/core';
import type { Simulation } from './config.js';
import { descriptionOf, titleOf } from './item-text.js';
import {
  type FacetName,
  type FacetValue,
  facetNames,
  facetValues,
  valuesOfDepartment,
} from './vocabulary.js';
import { type Department, departments, sisterDepartments } from './words/departments.js';

/** One item: its values by facet, what is written about it, and its place in popularity. */
export interface ShopItem {
  /** Raw id, "i0001". */
  readonly id: string;
  readonly facets: Readonly<Record<FacetName, FacetValue>>;
  readonly title: string;
  readonly description: string;
  /** 1 is the most popular item; its popularity is rank ** -exponent. */
  readonly rank: number;
}

/** Share of a brand's items outside its department. */
const borrowedBrands = 0.2;
/** How often each season and price level is found. */
const shares: Readonly<Partial<Record<FacetName, readonly number[]>>> = {
  season: [0.4, 0.15, 0.15, 0.15, 0.15],
  price: [0.3, 0.3, 0.25, 0.15],
};

/** The id of item or user `number`, with as many digits as the largest needs (at least 4). */
export function rawId(letter: 'i' | 'u', number: number, count: number): string {
  return `${letter}${String(number).padStart(Math.max(4, String(count).length), '0')}`;
}

/** Items as facet values with texts, in random order of popularity. Item n of the data set stands at n - 1. */
export function makeCatalogue(simulation: Simulation, random: Random): ShopItem[] {
  const { items: count } = simulation;
  const ranks = random.derive('ranks').shuffle(Int32Array.from({ length: count }, (_, i) => i + 1));
  return Array.from(ranks, (rank, i) => {
    const own = random.derive('item', i);
    const facets = drawFacets(own);
    const title = titleOf(facets, own);
    return { id: rawId('i', i + 1, count), facets, title, description: descriptionOf(facets, own), rank };
  });
}

function drawFacets(random: Random): Record<FacetName, FacetValue> {
  const department = departments[random.integer(departments.length)];
  return Object.fromEntries(
    facetNames.map((facet) => [facet, drawValue(facet, department, random)]),
  ) as Record<FacetName, FacetValue>;
}

function drawValue(facet: FacetName, department: Department, random: Random): FacetValue {
  const borrowed = facet === 'brand' && random.uniform() < borrowedBrands;
  const values = valuesOfDepartment(facet, borrowed ? sisterDepartments[department] : department);
  const byShare = shares[facet];
  if (!byShare) return values[random.integer(values.length)];
  let left = random.uniform();
  const at = byShare.findIndex((share) => (left -= share) < 0);
  return facetValues(facet)[at < 0 ? 0 : at];
}
