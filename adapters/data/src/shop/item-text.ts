import type { Random } from '@coco-rec/core';
import type { FacetName, FacetValue } from './vocabulary.js';

type Facets = Readonly<Record<FacetName, FacetValue>>;

/** One of the value's wordings; '' for a neutral value, of which nobody speaks. */
export function wordingOf(value: FacetValue, random: Random): string {
  const wording = value.wordings[random.integer(value.wordings.length)];
  return value.neutral ? '' : wording;
}

/** A sentence's or title's first letter is a capital. */
export const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** "a tent", "an oak chair". */
export const withArticle = (text: string): string => `${/^(?:[aeio]|un)/i.test(text) ? 'an' : 'a'} ${text}`;

/** Parts in order, the empty ones left out. */
const joined = (...parts: string[]): string => parts.filter(Boolean).join(' ');
const when = (text: string, before: string): string => (text ? `${before}${text}` : '');

/** Each template is given wordings that are '' where the value is neutral. */
type Template = (words: Record<FacetName, string>) => string;

const titles: readonly Template[] = [
  (w) => `${joined(w.brand, w.price, w.category)} with ${w.material} for ${w.concern}${when(w.season, ', ')}`,
  (w) =>
    `${joined(w.price, w.category)} for ${w.concern} by ${w.brand}, ${w.material}${when(w.season, ', for ')}`,
  (w) => `${w.brand} ${w.category}, ${w.material}, ${w.concern}${when(w.season, ', ')}${when(w.price, ', ')}`,
  (w) =>
    `${joined(w.material, w.category)} from ${w.brand} for ${w.concern}${when(joined(w.season, w.price), ' – ')}`,
  (w) =>
    `${w.category} for ${w.concern}${when(w.season, ' and ')} – ${joined(w.price, w.brand)}, ${w.material}`,
];

const openings: readonly Template[] = [
  (w) => `This ${joined(w.price, w.category)} by ${w.brand} is made with ${w.material}.`,
  (w) =>
    `${w.brand} makes this ${w.category} with ${w.material}${when(w.price, ' for the ')}${w.price && ' shelf'}.`,
  (w) => `${capitalised(withArticle(joined(w.price, w.category)))} with ${w.material}, from ${w.brand}.`,
];

const closings: readonly Template[] = [
  (w) => `It is meant for ${w.concern}${when(w.season, ' and for ')}.`,
  (w) => `Many buy it for ${w.concern}${when(w.season, ', above all for ')}.`,
  (w) => `A good choice for ${w.concern}${when(w.season, ' or ')}.`,
];

function write(templates: readonly Template[], facets: Facets, random: Random): string {
  const words = Object.fromEntries(
    Object.values(facets).map((value) => [value.facet, wordingOf(value, random)]),
  ) as Record<FacetName, string>;
  return capitalised(templates[random.integer(templates.length)](words));
}

/** A title that names every facet value which is not neutral. */
export function titleOf(facets: Facets, random: Random): string {
  return write(titles, facets, random);
}

/** Two sentences, in wordings of their own. */
export function descriptionOf(facets: Facets, random: Random): string {
  return `${write(openings, facets, random)} ${write(closings, facets, random)}`;
}
