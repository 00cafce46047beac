const openings = [
  'This shopper cares about',
  'What matters to this customer is',
  'Purchases here are driven by',
  'The next purchase depends on',
  'Recommend with an eye on',
  'The history of this user shows',
  'Preferences of this person concern',
  'A good suggestion takes account of',
];

const aspects = [
  'price and value for money',
  'a favourite brand',
  'quality and durability',
  'ingredients and materials',
  'health and safety',
  'the latest trends',
  'gifts for family and friends',
  'replacing what is used up',
  'trying new categories',
  'sets that belong together',
  'design, colour and style',
  'ease of use',
  'the season of the year',
  'age and stage of life',
  'natural and sustainable products',
  'professional or expert use',
];

/** How many texts there are. */
export const promptTextCount = openings.length * aspects.length;

/** The first `count` texts of structured prompts, as different as can be. */
export function promptTexts(count: number): string[] {
  return Array.from({ length: count }, (_, i) => {
    const aspect = aspects[i % aspects.length];
    const opening = openings[(i + Math.floor(i / aspects.length)) % openings.length];
    return `${opening} ${aspect}.`;
  });
}
