import type { TrainConfig } from '../config/run-config.js';
import { breathe } from '../breathe.js';
import type { PlannedStep } from '../data/batches.js';
import { OutsideError, StoppedError } from '../errors.js';
import { evaluateRanker } from '../evaluation/evaluate.js';
import { Random } from '../random.js';
import type { Split } from '../specification/dataset.js';
import type { FitContext, NamedArray } from '../specification/ranker.js';
import type { Adam } from './adam.js';
import { createOptimizer } from './optimizer.js';
import { loadCheckpoint, saveCheckpoint } from './checkpoint.js';
import type { FusedRanker } from './fused-ranker.js';
import { StageSteps } from './stage-steps.js';
import { type PlannedStage, planStages, rateScale, warmupNote, weightDecayOf } from './stages.js';
import { trainStep } from './train-step.js';
import { sampleStates, validationLosses } from './samples.js';

const checkpointFile = 'checkpoint.safetensors';
/** In `FitContext.warmFiles`, once the warm start is done. */
export const warmFile = 'warm.safetensors';
const metricsFile = 'metrics.jsonl';

const goesOn = 'The checkpoint is saved: the same command goes on from there.';

/** Where training stands; with the tensors, all that a resumed run needs. */
interface Position {
  stage: number;
  epoch: number;
  /** Steps done in this epoch, and in the stage's epochs before it. */
  step: number;
  stepsBefore: number;
  /** Sums of the loss parts over those steps. */
  sums: Record<string, number>;
  best: number;
  bestEpoch: number;
  /** What the fusion told of itself after the last epoch; absent in checkpoints of older versions. */
  gauges?: Record<string, number>;
  /** Of the last step. */
  weightDecay: number;
  /** Validations since the best. */
  stale: number;
  done: boolean;
  seconds: number;
}

export interface TrainerInput {
  readonly ranker: FusedRanker;
  readonly split: Split;
  readonly config: TrainConfig;
  readonly context: FitContext;
}

/** Trains a SequenceModel stage by stage; resumes from the run folder; keeps the best weights by validation NDCG@5. */
export class Trainer {
  private readonly adam: Adam;
  private readonly random: Random;
  private readonly stages: readonly PlannedStage[];
  /** Of the stage that runs. */
  private steps!: StageSteps;
  private position: Position = freshPosition();
  private best?: ReadonlyMap<string, NamedArray>;
  private startedAt = Date.now();

  constructor(private readonly input: TrainerInput) {
    this.random = new Random(input.context.seed).derive('training');
    this.stages = planStages(input.ranker.model.backbone, input.config);
    this.adam = createOptimizer(input.config);
  }

  async run(): Promise<Record<string, unknown>> {
    const { ranker } = this.input;
    this.startedAt = Date.now();
    const resumed = await this.resume();
    for (; !this.position.done && this.position.stage < this.stages.length; this.nextStage()) {
      await this.runStage(this.stages[this.position.stage]);
    }
    this.position.done = true;
    ranker.model.fused = true;
    if (this.best) await ranker.restore(this.best);
    await this.save();
    const { best, bestEpoch, weightDecay, gauges } = this.position;
    const trainSeconds = this.seconds();
    return { 'best validation ndcg@5': best, bestEpoch, weightDecay, trainSeconds, resumed, gauges };
  }

  dispose(): void {
    this.adam.dispose();
  }

  private nextStage(): void {
    if (this.position.done) return;
    this.position = {
      ...this.position,
      stage: this.position.stage + 1,
      epoch: 0,
      step: 0,
      stepsBefore: 0,
      sums: {},
    };
    this.adam.restore(new Map());
  }

  private async runStage(stage: PlannedStage): Promise<void> {
    const { ranker, split, config, context } = this.input;
    this.steps = new StageSteps(stage, ranker.model.backbone, config, split, this.random);
    ranker.model.fused = stage.fused;
    const starts = this.position.epoch === 0 && this.position.step === 0;
    // The shared warm start holds what the backbone's own stages did as well.
    if (!stage.fused && starts && (await this.loadWarm())) return;
    if (stage.fused && starts) {
      await ranker.model.fusion.startJoint((count) => this.sample(count));
      ranker.weightsChanged();
      await this.validate(stage); // the warm model is a candidate
    }
    const epochs = this.trainable(stage).length > 0 ? stage.epochs : 0; // a frozen backbone without fusion
    while (this.position.epoch < epochs && !this.position.done) await this.runEpoch(stage);
    if (stage.name === 'warm' && context.warmFiles) {
      const info = { seconds: this.seconds() };
      await saveCheckpoint(context.warmFiles, warmFile, { tensors: await ranker.state(), info });
    }
  }

  private async runEpoch(stage: PlannedStage): Promise<void> {
    const { ranker, config } = this.input;
    const { position } = this;
    const plan = this.steps.plan(position.epoch);
    const startedAt = Date.now();
    const note = position.epoch + position.step === 0 && warmupNote(config, stage, plan.length);
    if (note) this.input.context.progress.log(note);
    while (position.step < plan.length) {
      await this.runStep(stage, plan).catch((error: unknown) => this.keep(error, stage));
      await breathe();
      if (this.input.context.signal?.aborted) await this.stop(stage);
    }
    position.epoch++;
    const means = Object.fromEntries(
      Object.entries(position.sums).map(([key, sum]) => [key, sum / plan.length]),
    );
    const gauges = stage.fused ? await ranker.model.fusion.endEpoch((count) => this.sample(count)) : {};
    position.gauges = gauges;
    position.stepsBefore += position.step;
    position.step = 0;
    position.sums = {};
    const seconds = (Date.now() - startedAt) / 1000;
    const isDue =
      stage.fused && (position.epoch % config.evaluateEvery === 0 || position.epoch === stage.epochs);
    const validation = isDue ? await this.validate(stage) : {};
    await this.logEpoch({
      stage: stage.name,
      epoch: position.epoch,
      seconds,
      ...means,
      ...gauges,
      ...validation,
    });
    await this.save();
  }

  private async runStep(stage: PlannedStage, plan: readonly PlannedStep[]): Promise<void> {
    const { ranker, config, context } = this.input;
    const { position } = this;
    position.weightDecay = weightDecayOf(config, plan.length);
    const at = position.stepsBefore + position.step;
    // Epochs differ by a step or two; what is left is taken to be like this one.
    const all = position.stepsBefore + (stage.epochs - position.epoch) * plan.length;
    const report = await trainStep({
      model: ranker.model,
      ...this.steps.make(plan, position.epoch, position.step),
      loss: stage.loss,
      adam: this.adam,
      config: { ...config, weightDecay: position.weightDecay },
      rateScale: rateScale(config, at, all),
      parameters: this.trainable(stage),
      userNames: this.input.split.dataset.users,
      place: `stage ${stage.name}, epoch ${position.epoch + 1}, step ${position.step + 1}`,
    });
    ranker.weightsChanged();
    for (const [name, value] of Object.entries(report))
      position.sums[name] = (position.sums[name] ?? 0) + value;
    position.step++;
    const mean = (position.sums.total ?? NaN) / position.step;
    const note = `epoch ${position.epoch + 1}/${stage.epochs}, loss ${mean.toFixed(3)}`;
    context.progress.report(`${stage.name} ${ranker.id}`, at + 1, all, note);
  }

  private trainable(stage: PlannedStage): ReturnType<typeof this.input.ranker.model.parameters.entries> {
    const all = this.input.ranker.model.parameters.entries().filter(({ trainable }) => trainable);
    return stage.fused ? all : all.filter(({ name }) => name.startsWith('backbone/'));
  }

  /** Validation metrics; keeps the best weights and decides on early stopping. */
  private async validate(stage: PlannedStage): Promise<Record<string, number>> {
    const { ranker, split, config, context } = this.input;
    const { position } = this;
    const options = { target: 'validation', cutoffs: [5, 10], removeSeen: false } as const;
    const { metrics } = await evaluateRanker(ranker, split, { ...options, signal: context.signal });
    const ndcg = metrics['ndcg@5'];
    position.stale++;
    if (ndcg > position.best) {
      Object.assign(position, { best: ndcg, bestEpoch: position.epoch, stale: 0 });
      this.best = await ranker.state();
    }
    if (config.patience > 0 && position.stale >= config.patience) position.done = true;
    const figure = `recall@5 ${metrics['recall@5'].toFixed(4)}, ndcg@5 ${ndcg.toFixed(4)}`;
    context.progress.log(`${ranker.id}: ${stage.name} epoch ${position.epoch}: validation ${figure}`);
    const losses = await validationLosses(ranker, split);
    const named = Object.entries(metrics).map(([name, value]) => [`validation ${name}`, value]);
    return { ...(Object.fromEntries(named) as Record<string, number>), ...losses };
  }

  private sample(count: number): ReturnType<typeof sampleStates> {
    const { ranker } = this.input;
    const { stage, epoch } = this.position;
    return sampleStates(ranker, this.steps.sequences, count, this.random.derive('sample', stage, epoch));
  }

  private async logEpoch(record: Record<string, string | number>): Promise<void> {
    await this.input.context.files?.append(metricsFile, JSON.stringify(record));
  }

  private async loadWarm(): Promise<boolean> {
    const { context, ranker } = this.input;
    const warm =
      context.warmFiles && (await loadCheckpoint<{ seconds?: number }>(context.warmFiles, warmFile));
    if (!warm) return false;
    // A run takes as long whoever made its warm start; a second stage that finds it adds nothing.
    this.position.seconds = warm.info.seconds ?? 0;
    this.startedAt = Date.now();
    const fresh = await ranker.state();
    await ranker.restore(
      new Map([...fresh, ...[...warm.tensors].filter(([name]) => name.startsWith('backbone/'))]),
    );
    return true;
  }

  private async stop(stage: PlannedStage): Promise<never> {
    await this.save();
    throw new StoppedError(`Stopped at ${this.place(stage)}. ${goesOn}`);
  }

  /** A step that failed for reasons outside the program has moved no weight: what was reached is saved. */
  private async keep(error: unknown, stage: PlannedStage): Promise<never> {
    if (this.input.context.signal?.aborted) return this.stop(stage);
    if (!(error instanceof OutsideError)) throw error;
    await this.save();
    const kept = this.input.context.files ? ` ${goesOn}` : '';
    throw new OutsideError(`${error.message} Training stopped at ${this.place(stage)}.${kept}`, {
      cause: error,
    });
  }

  private place(stage: PlannedStage): string {
    return `${stage.name} epoch ${this.position.epoch + 1}, step ${this.position.step}`;
  }

  private seconds(): number {
    return this.position.seconds + (Date.now() - this.startedAt) / 1000;
  }

  private async save(): Promise<void> {
    const { context, ranker } = this.input;
    if (!context.files) return;
    const tensors = new Map([...(await ranker.state()), ...(await this.adam.state())]);
    for (const [name, value] of this.best ?? []) tensors.set(`best/${name}`, value);
    await saveCheckpoint(context.files, checkpointFile, {
      tensors,
      info: { ...this.position, seconds: this.seconds(), fusion: ranker.model.fusion.epochState() },
    });
  }

  private async resume(): Promise<boolean> {
    const { context, ranker } = this.input;
    const saved =
      context.files && (await loadCheckpoint<Position & { fusion?: unknown }>(context.files, checkpointFile));
    if (!saved) return false;
    const all = [...saved.tensors];
    const isBest = (name: string): boolean => name.startsWith('best/');
    const isAdam = (name: string): boolean => name.startsWith('adam/');
    await ranker.restore(new Map(all.filter(([name]) => !isBest(name) && !isAdam(name))));
    this.adam.restore(new Map(all.filter(([name]) => isAdam(name))));
    const best = all.filter(([name]) => isBest(name)).map(([name, value]) => [name.slice(5), value] as const);
    if (best.length > 0) this.best = new Map(best);
    const { fusion, ...position } = saved.info;
    this.position = position;
    if (fusion !== undefined) ranker.model.fusion.restoreEpochState(fusion);
    return true;
  }
}

function freshPosition(): Position {
  const place = { stage: 0, epoch: 0, step: 0, stepsBefore: 0 };
  const best = { best: -1, bestEpoch: 0, stale: 0, done: false };
  return { ...place, sums: {}, ...best, weightDecay: 0, seconds: 0 };
}
