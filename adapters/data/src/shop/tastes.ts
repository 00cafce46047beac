import type { Random } from '@coco-rec/core';
import type { ShopItem } from './catalogue.js';
import { complements } from './complements.js';
import type { Simulation } from './config.js';
import {
  type FacetName,
  type FacetValue,
  facetNames,
  facetValues,
  relatedValues,
  valuesOfDepartment,
} from './vocabulary.js';
import { type Department, departments, sisterDepartments } from './words/departments.js';
import { ShopModel, type Step } from './model.js';

/** Log weight of a liked value, and how many values an archetype likes in each of its departments (or in all). */
const likes: Readonly<Record<FacetName, { weight: number; count: number }>> = {
  category: { weight: 1.5, count: 2 },
  brand: { weight: 3, count: 1 },
  material: { weight: 1, count: 1 },
  concern: { weight: 2.5, count: 1 },
  season: { weight: 0.5, count: 1 },
  price: { weight: 1.2, count: 1 },
};
/** What a related value is worth, beside a liked one. */
const relatedShare = 0.2;
/** How many archetypes a taste may move on to. */
const neighbours = 4;

/** Affinity in log weight of each value, by facet. */
export type Taste = Readonly<Record<FacetName, Float64Array>>;

/** The archetypes of taste: each at home in one department, with likings in every facet. */
export function makeTastes({ tastes, sharpness }: Simulation, random: Random): Taste[] {
  return Array.from({ length: tastes }, (_, state) =>
    makeTaste(departments[state % departments.length], sharpness, random.derive('taste', state)),
  );
}

function makeTaste(department: Department, sharpness: number, random: Random): Taste {
  const affinities = facetNames.map((facet) => {
    const affinity = new Float64Array(facetValues(facet).length);
    const { weight, count } = likes[facet];
    const raise = (value: FacetValue, by: number): void => {
      affinity[value.index] = Math.max(affinity[value.index], by * sharpness);
    };
    const isShared = facet === 'season' || facet === 'price';
    for (const own of isShared ? [department] : [department, sisterDepartments[department]]) {
      for (const value of random.shuffle([...valuesOfDepartment(facet, own)]).slice(0, count)) {
        raise(value, weight);
        for (const related of relatedValues(value)) raise(related, weight * relatedShare);
      }
    }
    return [facet, affinity];
  });
  return Object.fromEntries(affinities) as Taste;
}

/** The probabilities of the simulation as numbers: what users draw from and the oracle computes with. */
export function makeModel(simulation: Simulation, catalogue: readonly ShopItem[], random: Random): ShopModel {
  const tastes = makeTastes(simulation, random);
  const weights = weightsOf(tastes, catalogue, simulation.popularityExponent);
  return new ShopModel({
    itemCount: catalogue.length,
    stateCount: tastes.length,
    weights,
    categories: Int32Array.from([-1, ...catalogue.map(({ facets }) => facets.category.index)]),
    followers: complements,
    initial: new Float64Array(tastes.length).fill(1 / tastes.length),
    transitions: driftOf(tastes, simulation.drift),
    complementShare: simulation.complementShare,
  });
}

/** rank ** -exponent times the exponential of the affinities, S · (V + 1). */
function weightsOf(tastes: readonly Taste[], catalogue: readonly ShopItem[], exponent: number): Float64Array {
  const width = catalogue.length + 1;
  const popularity = Float64Array.from(catalogue, ({ rank }) => Math.pow(rank, -exponent));
  const places = facetNames.map((facet) => Int32Array.from(catalogue, ({ facets }) => facets[facet].index));
  const weights = new Float64Array(tastes.length * width);
  tastes.forEach((taste, state) => {
    const own = weights.subarray(state * width + 1, (state + 1) * width);
    own.set(popularity);
    facetNames.forEach((facet, f) => {
      const factors = taste[facet].map(Math.exp);
      places[f].forEach((value, i) => (own[i] *= factors[value]));
    });
  });
  return weights;
}

/** A taste stays, or moves with probability `drift` to one of the archetypes most like it. */
function driftOf(tastes: readonly Taste[], drift: number): Step[][] {
  const vectors = tastes.map((taste) => Float64Array.from(facetNames.flatMap((facet) => [...taste[facet]])));
  return vectors.map((vector, state) => {
    const others = nearest(
      vectors.map((other, to) => (to === state ? -Infinity : likenessOf(vector, other))),
    );
    if (others.length === 0) return [{ to: state, probability: 1 }];
    const moves = others.map((to) => ({ to, probability: drift / others.length }));
    return [{ to: state, probability: 1 - drift }, ...moves];
  });
}

/** The places of the largest finite values, at most `neighbours`, best first; the first of equals. */
function nearest(likeness: readonly number[]): number[] {
  const best: number[] = [];
  likeness.forEach((value, place) => {
    let at = best.length;
    while (at > 0 && likeness[best[at - 1]] < value) at--;
    if (at < neighbours && value > -Infinity) best.splice(at, 0, place);
    best.length = Math.min(best.length, neighbours);
  });
  return best;
}

/** Cosine of the affinities. */
function likenessOf(a: Float64Array, b: Float64Array): number {
  let [product, squareA, squareB] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    product += a[i] * b[i];
    squareA += a[i] * a[i];
    squareB += b[i] * b[i];
  }
  return product / Math.sqrt(squareA * squareB || 1);
}
