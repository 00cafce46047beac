import type { TrainConfig } from '../config/run-config.js';
import { type PlannedStep, type Sequence, makeBatch, planEpoch, trainingSequences } from '../data/batches.js';
import { usesBatchNegatives } from '../losses/create-loss.js';
import type { Random } from '../random.js';
import type { Backbone } from '../specification/backbone.js';
import type { Split } from '../specification/dataset.js';
import type { PlannedStage } from './stages.js';
import type { StepPart } from './train-step.js';

/** The training sequences of a stage, and its steps made of them. */
export class StageSteps {
  readonly sequences: readonly Sequence[];
  private readonly sizes: Int32Array;
  private readonly total: number;

  constructor(
    private readonly stage: PlannedStage,
    private readonly backbone: Backbone,
    private readonly config: TrainConfig,
    split: Split,
    /** Of the training as a whole; everything drawn here depends on stage, epoch and step. */
    private readonly random: Random,
  ) {
    this.sequences = trainingSequences(split, stage.sequences, backbone.readsTimes);
    const { maxLength } = backbone;
    const rowsOf = ({ history }: Sequence): number =>
      stage.sequences === 'prefixes' ? 1 : Math.min(history.length, maxLength);
    this.sizes = Int32Array.from(this.sequences, rowsOf);
    this.total = this.sizes.reduce((sum, size) => sum + size, 0);
  }

  plan(epoch: number): PlannedStep[] {
    const { backbone, config, stage } = this;
    const { maxLength, mixesLengths: mixedLengths } = backbone;
    const limits = { ...config, maxLength, mixedLengths, wholeSteps: usesBatchNegatives(config.loss) };
    return planEpoch(this.sequences, limits, this.random.derive('order', stage.name, epoch));
  }

  /** @returns the step's blocks, and its weight: its share of the epoch over an equal share, so that every row counts alike */
  make(plan: readonly PlannedStep[], epoch: number, step: number): { parts: StepPart[]; weight: number } {
    const { backbone, stage } = this;
    let size = 0;
    const parts = plan[step].map((block, n) => {
      const random = this.random.derive('step', stage.name, epoch, step, n);
      const members = Array.from(block, (i) => this.sequences[i]);
      for (const i of block) size += this.sizes[i];
      const { maxLength } = backbone;
      const batch = makeBatch(members, { maxLength, phase: 'train', rows: stage.rows, random });
      return { batch, key: random.derive('pass').streamKey };
    });
    return { parts, weight: (size * plan.length) / this.total };
  }
}
