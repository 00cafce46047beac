import {
  type Adam,
  Random,
  createOptimizer,
  type Sequence,
  type StepPart,
  makeBatch,
  nextItemRows,
  planEpoch,
  trainStep,
  weightDecayOf,
  trainingSequences,
  type RunConfig,
} from '@coco-rec/core';
import type { Opened } from './beauty.js';

/** The steps of one epoch, one by one. */
export class TrainingSteps {
  private readonly adam: Adam;
  private readonly sequences: readonly Sequence[];
  private readonly plan: ReturnType<typeof planEpoch>;
  /** Seconds that it took to find the training sequences and to plan an epoch of them. */
  readonly planSeconds: number;

  constructor(
    private readonly opened: Opened,
    private readonly config: RunConfig,
  ) {
    this.adam = createOptimizer(config.train);
    const startedAt = performance.now();
    this.sequences = trainingSequences(opened.split);
    const { maxLength } = opened.ranker.model.backbone;
    this.plan = planEpoch(this.sequences, { ...config.train, maxLength }, new Random(1));
    this.planSeconds = (performance.now() - startedAt) / 1000;
  }

  /** Steps an epoch has. */
  get count(): number {
    return this.plan.length;
  }

  /** Users of a step; 0 to `count` - 1. */
  usersOf(step: number): number {
    return this.plan[step].reduce((sum, block) => sum + block.length, 0);
  }

  /** @param step beyond the epoch's last: its first ones again */
  async run(step: number): Promise<void> {
    const { model } = this.opened.ranker;
    const parts: StepPart[] = this.plan[step % this.count].map((block, n) => {
      const members = Array.from(block, (i) => this.sequences[i]);
      const { maxLength } = model.backbone;
      const random = new Random(step);
      return {
        batch: makeBatch(members, { maxLength, phase: 'train', rows: nextItemRows, random }),
        key: step + n,
      };
    });
    const all = model.parameters.entries().filter(({ trainable }) => trainable);
    const parameters = model.fused ? all : all.filter(({ name }) => name.startsWith('backbone/'));
    const { adam } = this;
    const weightDecay = weightDecayOf(this.config.train, this.plan.length);
    await trainStep({
      model,
      parts,
      adam,
      config: { ...this.config.train, weightDecay },
      rateScale: 1,
      parameters,
      place: `step ${step}`,
    });
    this.opened.ranker.weightsChanged();
  }

  dispose(): void {
    this.adam.dispose();
  }
}
