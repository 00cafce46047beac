/**
 * CoCo: "Synergistic Integration and Discrepancy Resolution of Contextualized Knowledge for Personalized
 * Recommendation", arXiv 2025: a language model's knowledge of the titles joins a recommender's user states.
 *
 * For each history one pass of the language model reads [shared prompts, prompts selected from a codebook by the user
 * state, titles] (eq. 2, 3); its output is decoupled into h_pure (eq. 5), aligned with the user state (eq. 7) and added
 * to it; rows that knowledge did not help teach the language model (eq. 8, 9). Loss: L_r + α L_aux + β L_ortho + γ L_Q.
 *
 * The paper is silent in places and would not train in others. The preset `default` departs from it in: the selection
 * rule, the losses of the codebook, its start from queries, the gate (h_RS + g ⊙ x), what M = 1 stops, four rows a pass,
 * item text and user text. The preset `paper` is literal but for what `paper-exceptions.ts` lists, which it prints. The
 * header of each file here says what it decides.
 *
 * A row sees items up to its own `visibleUntil` only: the titles by a mask, the prompts because they are selected from
 * the state of the history's earliest fused row. An item without text has no vector in the input. A history without any
 * text is read by its prompts alone.
 */
import * as tf from '@tensorflow/tfjs-core';
import {
  type FuseContext,
  type FuseResult,
  type FusionContext,
  FusionStrategy,
  type ItemVectors,
  type PreparedBatch,
  type Random,
  type WarmStates,
  withoutTape,
} from '@coco-rec/core';
import { type FusedRows, chosenRows, fusedRows } from '../fused-rows.js';
import { replaceAt, rowsAt } from '../row-ops.js';
import type { RowVectors } from '../user-vectors.js';
import { centreQueries, fitProjection, reseedDead, startFromQueries } from './codebook-fit.js';
import { RowMask, helpedRows, stopHelped } from './contradiction.js';
import type { PureKnowledge } from './decouple.js';
import { type GaugeState, Gauges } from './gauges.js';
import { idleNotes } from './idle-keys.js';
import { type InputLayout, inputVectors, layOut } from './knowledge-input.js';
import { readKnowledge } from './knowledge-pass.js';
import { type CoCoParts, buildParts } from './parts.js';
import { paperExceptions } from './paper-exceptions.js';
import type { CoCoSettings } from './presets.js';
import { type StepPrompts, fixedPrompts, softPrompts } from './prompts.js';

/** Histories that the codebook is fitted to, and that dead prompts are re-seeded from. */
const fitSample = 4096;
const reseedSample = 1024;

type Losses = NonNullable<FuseResult['losses']>;

/** What `prepare` made. */
interface Prepared {
  readonly user?: RowVectors;
  /** Vectors of the titles to be read. */
  readonly titles?: tf.Tensor2D;
}

/** What one call of `fuse` works with. */
interface Step {
  readonly fused: FusedRows;
  readonly prompts: StepPrompts;
  readonly layout: InputLayout;
  /** h_RS of the fused rows, with the user's text where that joins it. [P', D] */
  readonly own: tf.Tensor2D;
  /** The language model learns in this step. */
  readonly learns: boolean;
  readonly mask?: RowMask;
}

export class CoCoFusion extends FusionStrategy {
  readonly id = 'coco';
  protected parts!: CoCoParts;
  private random!: Random;
  private gauges!: Gauges;

  constructor(readonly settings: CoCoSettings) {
    super();
  }

  async initialize(context: FusionContext): Promise<void> {
    const { settings } = this;
    this.random = context.random;
    this.gauges = new Gauges(settings.codebook.size);
    this.parts = await buildParts(settings, context);
    if (settings.preset === 'paper') paperExceptions(settings).forEach((line) => context.progress.log(line));
    idleNotes(settings).forEach((line) => context.progress.log(line));
    if (settings.soft && settings.codebook.rule === 'softmax') {
      context.progress.log(
        'CoCo: the selection rule "softmax" selects only the shared prompts where no share passes θ.',
      );
    }
  }

  override itemVectors(base: ItemVectors): ItemVectors {
    return this.parts.itemSide?.wrap(base) ?? base;
  }

  /** Fits W_e to the warm-started states and puts the codebook among their queries. */
  override async startJoint(sample: (count: number) => Promise<WarmStates>): Promise<void> {
    const { codebook, text } = this.parts;
    if (!codebook) return;
    const warm = await sample(fitSample);
    fitProjection(codebook, text, warm);
    centreQueries(codebook, warm);
    if (codebook.settings.init === 'queries')
      await startFromQueries(codebook, warm, this.random.derive('codebook'));
  }

  /** Puts the titles' vectors on the engine. */
  override async prepare(batch: PreparedBatch): Promise<tf.TensorContainer> {
    const { userText, titles, align } = this.parts;
    const user = userText?.load(batch);
    if (batch.phase === 'predict' && align.isClosed()) return { user };
    return { user, titles: titles.load(this.rowsOf(batch)) };
  }

  fuse(bare: tf.Tensor2D, context: FuseContext): FuseResult {
    const { pass, batch, prepared } = context;
    const { user } = prepared as Prepared;
    const h = this.parts.userText && user ? this.parts.userText.join(bare, user) : bare; // [P, D]
    if (!pass.training && this.parts.align.isClosed()) return { h };
    const fused = this.rowsOf(batch);
    if (fused.count === 0) return { h };
    const step = this.startStep({ bare, h }, fused, context);
    const pure = this.readStep(step, context);
    const lengths = fused.rows.map((row) => batch.rows.visibleUntil[row]);
    const aligned: tf.Tensor2D = tf.add(step.own, this.parts.align.run(step.own, pure, lengths)); // [P', D]
    const result = replaceAt(h, fused.rows, this.judge(step, aligned, context));
    if (!pass.training) return { h: result };
    return {
      h: result,
      losses: { ...this.auxiliaryLoss(step, context), ...this.stepLosses(step, pure, context) },
    };
  }

  private rowsOf(batch: PreparedBatch): FusedRows {
    const { fusedPositions, maxTitles, trainShare } = this.settings;
    return fusedRows(batch, this.parts.text, { fusedPositions, maxTitles, share: trainShare });
  }

  private startStep(
    { bare, h }: Record<'bare' | 'h', tf.Tensor2D>,
    fused: FusedRows,
    { pass }: FuseContext,
  ): Step {
    const { codebook, decoder, promptIds, titles, align } = this.parts;
    const gate = align.gateSize();
    const learns = pass.training && (gate === undefined || gate > this.startGate());
    if (pass.training) this.gauges.countStep(gate);
    const prompts = codebook
      ? softPrompts(codebook, rowsAt(bare, fused.earliest), pass.training ? this.gauges : undefined)
      : fixedPrompts(decoder, promptIds ?? new Int32Array(), fused.sequences);
    return {
      fused,
      prompts,
      layout: layOut(fused, prompts, titles.lists(fused)),
      own: rowsAt(h, fused.rows),
      learns,
      mask: learns && this.settings.contradiction ? new RowMask(fused.count) : undefined,
    };
  }

  /** Mean |g| below which the language model is a constant: behind a closed gate there is nothing to learn from. */
  private startGate(): number {
    return this.settings.contradiction?.startGate ?? 0.01;
  }

  /** The language model's pass and the decoupling. */
  private readStep({ prompts, layout, learns, mask }: Step, { pass, prepared }: FuseContext): PureKnowledge {
    const { decoder, lora, titles, decouple } = this.parts;
    const { microBatch, contradiction, semantic } = this.settings;
    const key = pass.nextKey();
    const { titles: loaded } = prepared as Prepared;
    // The semantic objective is not masked by scope `aligned`, so there every row has something to teach.
    const isMasked = contradiction?.scope !== 'aligned' || semantic.weight === 0;
    const mix = readKnowledge({
      decoder,
      lora,
      microBatch,
      dropoutKey: learns ? key : undefined,
      layout,
      embeddings: () => inputVectors(layout, prompts.vectors, loaded && titles.vectors(loaded)),
      learns,
      mask: isMasked ? mask : undefined,
      teachingShare: this.gauges.teachingShare,
      scope: contradiction?.scope ?? 'llm',
    });
    return decouple.run(prompts.vectors, mix, layout, pass);
  }

  /** Finds M where it counts. @returns the aligned states, with eq. 9 applied where it is taken literally */
  private judge(
    { fused, own, mask, layout: { sequenceOf } }: Step,
    aligned: tf.Tensor2D,
    { batch, items }: FuseContext,
  ): tf.Tensor2D {
    if (!mask) return aligned;
    const targets = fused.rows.map((row) => batch.rows.target[row]);
    const vectors = withoutTape(() => items.gather(tf.tensor1d(targets, 'int32'))); // [P', D]
    mask.set(helpedRows(aligned, own, vectors));
    const histories = fused.sequences;
    this.gauges.countHelped(mask.share, mask.count, mask.learning(sequenceOf).length, histories);
    return this.settings.contradiction?.scope === 'aligned' ? stopHelped(aligned, mask) : aligned;
  }

  /** L_aux: L_r on the backbone's own states of the fused rows. The others' L_r is on their own states already. */
  private auxiliaryLoss({ fused, own }: Step, { pass, batch, rowLoss }: FuseContext): Losses {
    const weight = this.settings.auxiliaryWeight;
    if (!pass.training || weight === 0) return {};
    const losses = rowLoss(own, chosenRows(batch.rows, fused.rows)); // [P']
    return {
      auxiliary: { value: tf.mean(losses) as tf.Scalar, weight: (weight * fused.count) / batch.rows.count },
    };
  }

  private stepLosses({ fused, prompts }: Step, pure: PureKnowledge, { batch }: FuseContext): Losses {
    const { orthogonalityWeight, quantisationWeight, semantic } = this.settings;
    const losses: Record<string, Losses[string]> = {};
    if (this.parts.codebook && prompts.reading && prompts.selection) {
      const own = this.parts.codebook.losses(prompts.reading, prompts.selection);
      losses.orthogonality = { value: own.orthogonality, weight: orthogonalityWeight };
      losses.quantisation = { value: own.quantisation, weight: quantisationWeight };
    }
    if (this.parts.semantic) {
      const targets = fused.rows.map((row) => batch.rows.target[row]);
      losses.semantic = { value: this.parts.semantic.loss(pure, targets), weight: semantic.weight };
    }
    return losses;
  }

  override async endEpoch(sample: (count: number) => Promise<WarmStates>): Promise<Record<string, number>> {
    const { codebook, itemSide } = this.parts;
    const record = { ...this.gauges.report(), ...(itemSide ? await itemSide.gauges() : {}) };
    if (codebook) {
      const states = await sample(reseedSample);
      centreQueries(codebook, states);
      if (codebook.settings.reseed && this.gauges.usage.some((count) => count > 0))
        record['re-seeded prompts'] = await reseedDead(codebook, this.gauges.usage, states);
    }
    this.gauges.reset();
    return record;
  }

  override epochState(): GaugeState {
    return this.gauges.state();
  }

  override restoreEpochState(state: unknown): void {
    this.gauges.restore(state as GaugeState);
  }

  override dispose(): void {
    this.parts?.itemSide?.dispose();
  }
}
