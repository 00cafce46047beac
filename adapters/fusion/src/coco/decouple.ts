/**
 * Decoupling (eq. 5): h_pure = Attn(RMSnorm(h_prompt) W_Q, RMSnorm(h_mix) W_K, RMSnorm(h_mix) W_V), H → D, one head.
 * The prompts ask, the language model's output answers; a row's keys are its prompts and the titles up to its own
 * position. Without decoupling (ablation) the alignment reads h_mix itself, projected.
 */
import * as tf from '@tensorflow/tfjs-core';
import { type Parameters, type Pass, attention, linear, xavier } from '@coco-rec/core';
import { prefixMask, rowsAt, unitScale } from '../row-ops.js';
import type { DecoupleConfig } from './groups.js';
import type { InputLayout } from './knowledge-input.js';
import { type ProjectedStates, projectToRows } from './row-projection.js';

/** Knowledge of each row: tokens, and how many of them are valid. */
export interface PureKnowledge {
  /** [P', Q, D] */
  readonly tokens: tf.Tensor3D;
  /** [P'] */
  readonly counts: Int32Array;
}

export class Decouple {
  private readonly query?: tf.Variable;
  private readonly key?: tf.Variable;
  private readonly value: tf.Variable;
  private readonly widen?: tf.Variable;

  constructor(
    parameters: Parameters,
    hiddenSize: number,
    dimension: number,
    private readonly settings: Required<DecoupleConfig> | undefined,
  ) {
    const width = settings && settings.width > 0 ? settings.width : dimension;
    if (settings) {
      this.query = parameters.variable('query', [hiddenSize, width], xavier);
      this.key = parameters.variable('key', [hiddenSize, width], xavier);
    }
    this.value = parameters.variable('value', [hiddenSize, width], xavier);
    if (width !== dimension) this.widen = parameters.variable('widen', [width, dimension], xavier);
  }

  /** @param prompts input vectors of the prompts [R, H] @param mix h_mix, normalised, with the rows that read it */
  run(prompts: tf.Tensor2D, mix: ProjectedStates, layout: InputLayout, pass: Pass): PureKnowledge {
    const narrow =
      this.query && this.key ? this.attend(prompts, mix, layout) : projectToRows(mix, this.value);
    const dropped = this.settings ? pass.dropout(narrow, this.settings.dropout) : narrow; // [P', Q, W]
    const tokens = this.widen ? linear(dropped, this.widen) : dropped;
    return { tokens, counts: this.settings ? layout.promptCounts : layout.visible };
  }

  private attend(prompts: tf.Tensor2D, mix: ProjectedStates, layout: InputLayout): tf.Tensor3D {
    const P = layout.sequenceOf.length;
    const Q = layout.promptWidth;
    const asked = linear(unitScale(prompts), this.query as tf.Tensor); // [R, W]
    const W = asked.shape[1];
    const query = rowsAt(tf.concat([tf.zeros([1, W]), asked], 0), layout.promptIndex); // [P'·Q, W]
    const N = layout.width;
    const key = projectToRows(mix, this.key as tf.Tensor); // [P', N, W]
    const value = projectToRows(mix, this.value); // [P', N, W]
    const answers = attention(
      tf.reshape(query, [P, 1, Q, W]),
      tf.reshape(key, [P, 1, N, W]),
      tf.reshape(value, [P, 1, N, W]),
      { mask: prefixMask(layout.visible, N) },
    ); // [P', 1, Q, W]
    return tf.reshape(answers, [P, Q, W]);
  }
}
