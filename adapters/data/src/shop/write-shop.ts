/**
 * A shop in one JSON Lines file: a header with the format's version and the config, one line an item, one line a user.
 * Tastes are not written: they follow from the config.
 */
import type { Hasher } from '@coco-rec/core';
import { encodeLines, writeFileAtomically } from '../write-file.js';
import { type ShopItem, rawId } from './catalogue.js';
import type { Simulation } from './config.js';
import { type Shop, simulateShop } from './simulate.js';
import { facetNames } from './vocabulary.js';

/** Name and version in the header. */
export const shopFormat = 'coco-shop';
export const shopVersion = 1;

/**
 * Simulates a shop and writes it, whole or not at all.
 * @param config missing keys have the default shop's values
 * @returns SHA-256 of the file @throws CocoError if it cannot be written
 */
export async function writeShop(config: Partial<Simulation>, path: string, hasher: Hasher): Promise<string> {
  const content = encodeLines(linesOf(simulateShop(config)));
  await writeFileAtomically(path, content);
  return hasher.sha256(content);
}

function* linesOf(shop: Shop): Generator<string> {
  const { simulation, catalogue, histories } = shop;
  yield JSON.stringify({ format: shopFormat, version: shopVersion, config: simulation });
  for (const item of catalogue) yield itemLine(item);
  for (let user = 0; user < simulation.users; user++) {
    const taken = histories.sequence.subarray(histories.offsets[user], histories.offsets[user + 1]);
    const items = Array.from(taken, (item) => catalogue[item - 1].id);
    yield JSON.stringify({ user: rawId('u', user + 1, simulation.users), items });
  }
}

function itemLine({ id, rank, title, description, facets }: ShopItem): string {
  const names = Object.fromEntries(facetNames.map((facet) => [facet, facets[facet].name]));
  return JSON.stringify({ item: id, rank, title, description, facets: names });
}
