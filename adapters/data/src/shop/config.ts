import {
  ArrayNotEmpty,
  IsArray,
  IsIn,
  IsInt,
  IsNumber,
  IsOptional,
  IsString,
  Max,
  Min,
} from 'class-validator';
import { Describe, NamesFile, UsageError } from '@coco-rec/core';

/** Config of `shop`. The defaults are the default shop. */
export class ShopConfig {
  @Describe('Number of items.')
  @IsInt()
  @Min(5)
  items = 2000;

  @Describe('Number of users.')
  @IsInt()
  @Min(1)
  users = 3000;

  @Describe('Mean number of interactions of a user; nobody has fewer than 3.')
  @IsNumber()
  @Min(3)
  meanLength = 9;

  @Describe('Zipf exponent of the items’ popularity; 0: all alike.')
  @IsNumber()
  @Min(0)
  @Max(3)
  popularityExponent = 1;

  @Describe('Number of archetypes of taste, the hidden states.')
  @IsInt()
  @Min(1)
  tastes = 400;

  @Describe(
    'How sharp tastes are: the factor before what an archetype likes, in log weight; 0: popularity only.',
  )
  @IsNumber()
  @Min(0)
  @Max(3)
  sharpness = 1;

  @Describe('Probability that a taste moves on to a related one before the next item.')
  @IsNumber()
  @Min(0)
  @Max(1)
  drift = 0.1;

  @Describe(
    'Probability that the next item is taken from what goes with the last one (tent, then sleeping bag).',
  )
  @IsNumber()
  @Min(0)
  @Max(1)
  complementShare = 0.5;

  @Describe('Seed of everything: catalogue, tastes, users.')
  @IsInt()
  seed = 1;

  @Describe('Which parts make up an item’s text, joined by ". ": title, description.')
  @IsArray()
  @ArrayNotEmpty()
  @IsIn(['title', 'description'], { each: true })
  text: ('title' | 'description')[] = ['title'];

  @Describe(
    'A file written by `coco data simulate`, read instead of simulating; it brings its own sizes and seed.',
  )
  @IsOptional()
  @IsString()
  @NamesFile()
  path?: string;
}

/** The keys that make a shop what it is; they stand in a shop file's header. */
export const simulationKeys = [
  'items',
  'users',
  'meanLength',
  'popularityExponent',
  'tastes',
  'sharpness',
  'drift',
  'complementShare',
  'seed',
] as const;

/** What `simulateShop` needs of a config. */
export type Simulation = Readonly<Pick<ShopConfig, (typeof simulationKeys)[number]>>;

/** Fills in the defaults. @throws UsageError if the histories would not fit the catalogue */
export function simulationOf(config: Partial<Simulation>): Simulation {
  const defaults = new ShopConfig();
  const entries = simulationKeys.map((key) => [key, config[key] ?? defaults[key]]);
  const simulation = Object.fromEntries(entries) as unknown as Simulation;
  if (simulation.meanLength > simulation.items) {
    throw new UsageError(
      `A mean length of ${simulation.meanLength} does not fit ${simulation.items} items: nobody takes an item twice.`,
    );
  }
  return simulation;
}
