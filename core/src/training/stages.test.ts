import assert from 'node:assert/strict';
import { TrainConfig } from '../config/run-config.js';
import { nextItemRows } from '../data/row-samplers.js';
import { type PlannedStage, warmupNote } from './stages.js';

describe('a stage whose learning rate has no time to rise', () => {
  const stage = (epochs: number): PlannedStage => {
    const rest = { rows: nextItemRows, sequences: 'histories', fused: true } as const;
    return { name: 'joint', epochs, ...rest };
  };
  const config = (warmupSteps: number): TrainConfig => Object.assign(new TrainConfig(), { warmupSteps });

  it('is told, with both numbers', () => {
    const note = warmupNote(config(100), stage(3), 33);
    assert.match(note ?? '', /rises over 100 steps \("train\.warmupSteps"\), but the stage joint has 99/);
  });

  it('is not where it just has, or where there is nothing to rise', () => {
    assert.equal(warmupNote(config(99), stage(3), 33), undefined);
    assert.equal(warmupNote(config(0), stage(0), 33), undefined);
  });
});
