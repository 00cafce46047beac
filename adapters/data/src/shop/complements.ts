import { facetValue, facetValues } from './vocabulary.js';
import { followerWords } from './words/categories.js';

/** For each category (by index) the categories that people buy next: a tent is followed by a sleeping bag. */
export const complements: readonly (readonly number[])[] = facetValues('category').map(({ name }) =>
  (followerWords[name] ?? []).map((follower) => facetValue('category', follower).index),
);
