import * as tf from '@tensorflow/tfjs-core';
import type { Parameter } from '../specification/parameters.js';
import type { NamedArray } from '../specification/ranker.js';
import { halfSquares } from '../tensor/direct.js';
import { adamUpdate } from '../tensor/adam-update.js';

export interface AdamConfig {
  readonly learningRate: number;
  /** Decoupled (AdamW). */
  readonly weightDecay: number;
  /** Clip the global norm to this; 0: no clipping. */
  readonly gradientNorm: number;
}

export const beta1 = 0.9;
export const beta2 = 0.999;
export const epsilon = 1e-8;

/**
 * Adam (Kingma and Ba, 2015), with its moments in plain sight so that a run can be saved and goes on bit by bit.
 * A parameter without a gradient in a step is left alone, its moments too.
 */
export class Adam {
  protected step = 0;
  protected readonly moments = new Map<string, { first: tf.Variable; second: tf.Variable }>();

  /** Gradients of `loss`, by name of variable; runs the forward and the backward pass. */
  gradients(parameters: readonly Parameter[], loss: () => tf.Scalar): tf.NamedTensorMap {
    const variables = parameters.map(({ variable }) => variable);
    return tf.variableGrads(loss, variables).grads;
  }

  /**
   * Applies one step. @param rateScale the schedule's factor. @returns the global norm of the gradients; where it is
   * not finite, nothing was changed.
   */
  apply(
    parameters: readonly Parameter[],
    gradients: ReadonlyMap<string, tf.Tensor>,
    config: AdamConfig,
    rateScale: number,
  ): number {
    return tf.tidy(() => {
      const norm = globalNorm([...gradients.values()]);
      if (!Number.isFinite(norm)) return norm;
      this.step++;
      const shrink = config.gradientNorm > 0 && norm > config.gradientNorm ? config.gradientNorm / norm : 1;
      for (const parameter of parameters) {
        const gradient = gradients.get(parameter.name);
        if (gradient) tf.tidy(() => this.update(parameter, gradient, config, rateScale, shrink));
      }
      return norm;
    });
  }

  protected update(
    { name, variable, learningRateScale, weightDecay }: Parameter,
    gradient: tf.Tensor,
    config: AdamConfig,
    rateScale: number,
    shrink: number,
  ): void {
    const { first, second } = this.momentsOf(name, variable);
    const rate = config.learningRate * rateScale * learningRateScale;
    // Bias corrections are folded into two numbers, so that each moment is passed over once.
    const correction2 = Math.sqrt(1 - beta2 ** this.step);
    const stepSize = (rate * correction2) / (1 - beta1 ** this.step);
    const decay = weightDecay && config.weightDecay > 0 ? 1 - rate * config.weightDecay : 1;
    adamUpdate({ variable, first, second }, gradient, {
      beta1,
      beta2,
      stepSize,
      epsilon: epsilon * correction2,
      decay,
      shrink,
    });
  }

  private momentsOf(name: string, variable: tf.Variable): { first: tf.Variable; second: tf.Variable } {
    let moments = this.moments.get(name);
    if (!moments) {
      const zeros = (): tf.Variable => tf.variable(tf.zeros(variable.shape), false);
      moments = { first: zeros(), second: zeros() };
      this.moments.set(name, moments);
    }
    return moments;
  }

  /** Moments and step count, by names that `restore` knows. */
  async state(): Promise<Map<string, NamedArray>> {
    const state = new Map<string, NamedArray>([
      ['adam/step', { shape: [1], values: Int32Array.of(this.step) }],
    ]);
    for (const [name, { first, second }] of this.moments) {
      state.set(`adam/first/${name}`, { shape: first.shape, values: Float32Array.from(await first.data()) });
      state.set(`adam/second/${name}`, {
        shape: second.shape,
        values: Float32Array.from(await second.data()),
      });
    }
    return state;
  }

  restore(state: ReadonlyMap<string, NamedArray>): void {
    this.dispose();
    this.step = state.get('adam/step')?.values[0] ?? 0;
    const prefix = 'adam/first/';
    for (const [key, first] of state) {
      const second = state.get(key.replace(prefix, 'adam/second/'));
      if (!key.startsWith(prefix) || !second) continue;
      const make = ({ shape, values }: NamedArray): tf.Variable =>
        tf.tidy(() => tf.variable(tf.tensor(values, [...shape], 'float32'), false));
      this.moments.set(key.slice(prefix.length), { first: make(first), second: make(second) });
    }
  }

  dispose(): void {
    for (const { first, second } of this.moments.values()) tf.dispose([first, second]);
    this.moments.clear();
  }
}

/** Euclidean norm of all gradients together; NaN or Infinity if any value is. */
function globalNorm(gradients: readonly tf.Tensor[]): number {
  if (gradients.length === 0) return 0;
  return Math.sqrt(2 * tf.addN(gradients.map(halfSquares)).dataSync()[0]);
}
