/**
 * Adam for tables of which a step reads few rows, such as item vectors with sampled negatives.
 *
 * Deviation from Adam (Kingma and Ba, 2015), as in the lazy variants of other libraries: a row without a gradient is left
 * alone, its moments do not decay and weight decay does not touch it, while the bias correction counts all steps. It is
 * another optimiser, and has another id.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Parameter } from '../specification/parameters.js';
import type { NamedArray } from '../specification/ranker.js';
import { type RowGradient, RowGradients } from '../tensor/row-gradients.js';
import { updateRows } from '../tensor/row-update.js';
import { Adam, type AdamConfig, beta1, beta2, epsilon } from './adam.js';

/** In a saved state: marks the tables whose moments are in host memory, where they are reckoned in other digits. */
const lazyPrefix = 'adam/lazy/';

/** Moments of a table in host memory: on the engine, a change of few rows would copy them whole. */
interface HostMoments {
  readonly shape: readonly number[];
  readonly first: Float32Array;
  readonly second: Float32Array;
}

/**
 * A table that was gathered from, and has no other gradient in a step, is updated in the gathered rows only; everything
 * else as by `Adam`.
 */
export class LazyAdam extends Adam {
  private readonly tables = new Map<string, HostMoments>();
  private anchor?: tf.Variable;
  private collected?: RowGradients;
  /** Of the step that is being applied, by name of parameter. */
  private rows = new Map<string, RowGradient>();

  override gradients(parameters: readonly Parameter[], loss: () => tf.Scalar): tf.NamedTensorMap {
    this.collected?.dispose(); // of a step that was not applied
    const anchor = (this.anchor ??= tf.tidy(() => tf.variable(tf.zeros([1]))));
    const variables = parameters.map(({ variable }) => variable);
    const collected = (this.collected = new RowGradients(new Set(variables), anchor));
    const { grads } = collected.during(() => tf.variableGrads(loss, [...variables, anchor]));
    const { [anchor.name]: ofAnchor, ...rest } = grads;
    if (ofAnchor as tf.Tensor | null) ofAnchor.dispose();
    return rest;
  }

  override apply(
    parameters: readonly Parameter[],
    gradients: ReadonlyMap<string, tf.Tensor>,
    config: AdamConfig,
    rateScale: number,
  ): number {
    return tf.tidy(() => {
      const all = new Map(gradients);
      this.rows = new Map();
      for (const { name, variable } of parameters) {
        const rows = this.collected?.take(variable);
        if (!rows) continue;
        const dense = gradients.get(name);
        if (dense) all.set(name, tf.add(dense, spread(rows, dense.shape[0])));
        else {
          this.rows.set(name, rows);
          all.set(name, rows.values); // counts in the norm
        }
      }
      return super.apply(parameters, all, config, rateScale);
    });
  }

  protected override update(
    parameter: Parameter,
    gradient: tf.Tensor,
    config: AdamConfig,
    rateScale: number,
    shrink: number,
  ): void {
    const { name, variable } = parameter;
    const rows = this.rows.get(name);
    if (!rows && !this.tables.has(name)) return super.update(parameter, gradient, config, rateScale, shrink);
    const ids = rows?.ids ?? Int32Array.from({ length: variable.shape[0] }, (_, id) => id);
    const rate = config.learningRate * rateScale * parameter.learningRateScale;
    const decay = parameter.weightDecay && config.weightDecay > 0 ? 1 - rate * config.weightDecay : 1;
    const at = tf.tensor1d(ids, 'int32');
    const values = tf.gather(variable, at).dataSync<'float32'>().slice(); // [U · D]
    const slopes = gradient.dataSync<'float32'>();
    this.changeRows(this.tableOf(name, variable.shape), ids, { values, slopes, rate, decay, shrink });
    updateRows(variable, at, tf.tensor(values, gradient.shape));
  }

  /** Adam's rule for each number of the rows; writes moments and `values`. */
  private changeRows(
    { first, second }: HostMoments,
    ids: Int32Array,
    { values, slopes, rate, decay, shrink }: RowChange,
  ): void {
    const width = values.length / Math.max(1, ids.length);
    const correction = Math.sqrt(1 - beta2 ** this.step);
    const stepSize = (rate * correction) / (1 - beta1 ** this.step);
    for (let u = 0; u < ids.length; u++) {
      const shift = (ids[u] - u) * width;
      for (let i = u * width; i < (u + 1) * width; i++) {
        const slope = slopes[i] * shrink;
        const m = (first[i + shift] = beta1 * first[i + shift] + (1 - beta1) * slope);
        const v = (second[i + shift] = beta2 * second[i + shift] + (1 - beta2) * slope * slope);
        values[i] = decay * values[i] - (stepSize * m) / (Math.sqrt(v) + epsilon * correction);
      }
    }
  }

  /** Moments that are on the engine, from steps with a dense gradient or from `restore`, are moved here. */
  private tableOf(name: string, shape: readonly number[]): HostMoments {
    let table = this.tables.get(name);
    if (!table) {
      const own = this.moments.get(name);
      const size = shape.reduce((a, b) => a * b, 1);
      const read = (moment: tf.Variable | undefined): Float32Array =>
        moment ? Float32Array.from(moment.dataSync()) : new Float32Array(size);
      table = { shape, first: read(own?.first), second: read(own?.second) };
      if (own) tf.dispose([own.first, own.second]);
      this.moments.delete(name);
      this.tables.set(name, table);
    }
    return table;
  }

  override async state(): Promise<Map<string, NamedArray>> {
    const state = await super.state();
    for (const [name, { shape, first, second }] of this.tables) {
      state.set(`adam/first/${name}`, { shape, values: first.slice() });
      state.set(`adam/second/${name}`, { shape, values: second.slice() });
      state.set(lazyPrefix + name, { shape: [1], values: Int32Array.of(1) });
    }
    return state;
  }

  override restore(state: ReadonlyMap<string, NamedArray>): void {
    super.restore(state);
    for (const key of state.keys()) {
      const name = key.slice(lazyPrefix.length);
      const moments = key.startsWith(lazyPrefix) && this.moments.get(name);
      if (moments) this.tableOf(name, moments.first.shape);
    }
  }

  override dispose(): void {
    super.dispose();
    this.tables.clear();
    this.collected?.dispose();
    this.collected = undefined;
    this.anchor?.dispose();
    this.anchor = undefined;
  }
}

interface RowChange {
  /** [U · D], changed in place. */
  readonly values: Float32Array;
  /** [U · D] gradient. */
  readonly slopes: Float32Array;
  readonly rate: number;
  /** Factor of the old values. */
  readonly decay: number;
  /** Factor of the gradient, from clipping. */
  readonly shrink: number;
}

/** As a tensor of the table's shape. @returns [count, D] */
function spread({ ids, values }: RowGradient, count: number): tf.Tensor {
  return tf.unsortedSegmentSum(values, tf.tensor1d(ids, 'int32'), count);
}
