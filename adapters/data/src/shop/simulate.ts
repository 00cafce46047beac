import { Random } from '@coco-rec/core';
import { type ShopItem, makeCatalogue } from './catalogue.js';
import { type Simulation, simulationOf } from './config.js';
import type { ShopModel } from './model.js';
import { makeModel } from './tastes.js';
import { type Histories, makeHistories } from './users.js';

/** A made-up shop: its items and what its users took, oldest first. */
export interface Shop {
  readonly simulation: Simulation;
  /** Item n of the histories stands at n - 1. */
  readonly catalogue: readonly ShopItem[];
  readonly histories: Histories;
  /** How it was made: what the oracle knows and a recommender does not. */
  readonly model: ShopModel;
}

/** Makes a shop. The same config gives the same shop. @throws UsageError on sizes that do not fit each other */
export function simulateShop(config: Partial<Simulation> = {}): Shop {
  const simulation = simulationOf(config);
  const random = new Random(simulation.seed).derive('shop');
  const catalogue = makeCatalogue(simulation, random.derive('catalogue'));
  const model = modelOf(simulation, catalogue);
  const histories = makeHistories(model, simulation, random.derive('users'));
  return { simulation, catalogue, histories, model };
}

/** The probabilities behind a catalogue; they follow from the config. */
export function modelOf(simulation: Simulation, catalogue: readonly ShopItem[]): ShopModel {
  return makeModel(simulation, catalogue, new Random(simulation.seed).derive('shop', 'tastes'));
}
