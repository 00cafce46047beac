import type * as tf from '@tensorflow/tfjs-core';
import type { Backbone } from './backbone.js';
import type { PreparedBatch } from './batch.js';
import type { ItemVectors } from './item-vectors.js';
import type { KnowledgeLLM } from './knowledge-llm.js';
import type { Parameters } from './parameters.js';
import type { Pass } from './pass.js';
import type { Progress } from './ports.js';
import type { TextWriter } from './text-writer.js';
import type { TrainingPart } from './dataset.js';
import type { Random } from '../random.js';

/** What the offline stage works with. */
export interface ExtractionContext extends TrainingPart {
  /** Has texts written, or looks them up. */
  readonly writer: TextWriter;
}

/** What a fusion is built for. */
export interface FusionContext extends TrainingPart {
  readonly backbone: Backbone;
  /** Given where the language model generates. */
  readonly writer?: TextWriter;
  readonly knowledge?: KnowledgeLLM;
  readonly parameters: Parameters;
  readonly random: Random;
  readonly progress: Progress;
}

/** What `fuse` reads of the step. */
export interface FuseContext {
  readonly batch: PreparedBatch;
  /** States of all positions, before fusion. [B, T, D] */
  readonly states: tf.Tensor3D;
  /** Item vectors as the fusion wrapped them. */
  readonly items: ItemVectors;
  readonly pass: Pass;
  /** The backbone's loss for chosen rows, for auxiliary losses. @param h [P', D] @returns [P'] */
  rowLoss(h: tf.Tensor2D, rows: PreparedBatch['rows']): tf.Tensor1D;
  /** What `prepare` returned. */
  readonly prepared?: unknown;
}

export interface FuseResult {
  /** Replaces the row states in loss and scores. [P, D] */
  readonly h: tf.Tensor2D;
  /** Extra losses by name: training adds weight × value, and both are logged. Values are scalars. */
  readonly losses?: Readonly<Record<string, { readonly value: tf.Scalar; readonly weight: number }>>;
}

/** The bare backbone's state at a row, for fitting at the start of the joint stage. */
export interface WarmStates {
  /** [N·D] */
  readonly states: Float32Array;
  /** [N] histories that gave them, as item ids. */
  readonly histories: readonly Int32Array[];
}

/** Stands between a backbone's output and its scores. Every method but `fuse` has a default that does nothing. */
export abstract class FusionStrategy {
  readonly specVersion = 'v1';
  abstract readonly id: string;

  /**
   * Offline stage of a fusion that reads generated text: asks the writer for every text it needs. `coco knowledge` calls
   * it alone, before any training; `initialize` calls it again and finds the texts stored. Default: no text is needed.
   */
  async extract(_context: ExtractionContext): Promise<void> {}

  /** Reads texts (`extract`, encoding), then makes the variables. Called once. */
  abstract initialize(context: FusionContext): Promise<void>;

  /** Item-side fusion: wraps the item vectors that encode, loss and scores see. */
  itemVectors(base: ItemVectors): ItemVectors {
    return base;
  }

  /** Called once between the warm start and the joint stage. `sample(n)` gives states of n random training histories. */
  async startJoint(_sample: (count: number) => Promise<WarmStates>): Promise<void> {}

  /** Asynchronous work of a batch, before the tape. The result comes back as `context.prepared`; its tensors are freed. */
  async prepare(_batch: PreparedBatch): Promise<tf.TensorContainer> {
    return undefined;
  }

  /** Row states in, row states out; inside `tf.tidy` and, in training, inside the tape. @param h [P, D] */
  abstract fuse(h: tf.Tensor2D, context: FuseContext): FuseResult;

  /** End of an epoch: maintenance (re-seeding codewords) and gauges for the log. */
  async endEpoch(_sample: (count: number) => Promise<WarmStates>): Promise<Record<string, number>> {
    return {};
  }

  /** What was counted since the epoch began, as plain JSON: a run stopped within an epoch goes on as if it had not been. */
  epochState(): unknown {
    return undefined;
  }

  /** Takes back what `epochState` gave. */
  restoreEpochState(_state: unknown): void {}

  /** What the result says of it beside its config, in one sentence without a full stop. Default: nothing. */
  report(): string | undefined {
    return undefined;
  }

  /** Frees what is not in `parameters`. */
  dispose(): void {}
}
