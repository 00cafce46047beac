import { type FusedRanker, type RunConfig, type Split, type UnitDescriptor } from '@coco-rec/core';
import { type PlainConfig, Session, checkConfig, createContext } from '@coco-rec/standard';
import type { BenchOptions } from './options.js';

/** The model of the figures to reach: d 64, 2 blocks, length 50. */
export const shape = { dimension: 64, numLayers: 2, feedForwardFactor: 1, maxLength: 50 } as const;

/** A run config on the data of the command line; its engine is the one that runs already. */
export function configFor(options: BenchOptions, engine: string, more: PlainConfig = {}): RunConfig {
  return checkConfig({
    data: { format: 'recbole', path: options.data, text: ['title'] },
    backbone: { id: 'sasrec', ...shape, dropout: 0.3 },
    engine,
    ...more,
  });
}

export interface Opened {
  readonly ranker: FusedRanker;
  readonly split: Split;
  readonly session: Session;
  dispose(): void;
}

/** Data and an untrained model; nothing is written. @param units what the config names beside the built-in units */
export async function open(config: RunConfig, units: readonly UnitDescriptor[] = []): Promise<Opened> {
  const { registry, context } = createContext(config.output, { units });
  const session = await Session.open(config, registry, context);
  const ranker = (await session.createRanker(config, config.seed)) as FusedRanker;
  const dispose = (): void => {
    ranker.dispose();
    session.dispose();
  };
  return { ranker, split: session.split, session, dispose };
}
