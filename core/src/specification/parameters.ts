import * as tf from '@tensorflow/tfjs-core';
import { CocoError } from '../errors.js';
import type { Random } from '../random.js';
import type { NamedArray } from './ranker.js';

const otherCode = 'it was saved by other code, or with another backbone or fusion.';

/** Fills the first values of a variable. Depends on (seed, full name) only, not on the order of creation. */
export type Initializer = (shape: readonly number[], random: Random) => Float32Array;

const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** All values equal `value`. */
export const constant =
  (value: number): Initializer =>
  (shape) =>
    new Float32Array(size(shape)).fill(value);

/** Gaussian with mean 0. */
export const normal =
  (deviation: number): Initializer =>
  (shape, random) =>
    Float32Array.from({ length: size(shape) }, () => deviation * random.normal());

/** Glorot uniform over the last two dimensions. */
export const xavier: Initializer = (shape, random) => {
  const limit = Math.sqrt(6 / (shape[shape.length - 1] + shape[shape.length - 2]));
  return Float32Array.from({ length: size(shape) }, () => limit * (2 * random.uniform() - 1));
};

/** The identity matrix. */
export const identity: Initializer = (shape) => {
  const values = new Float32Array(size(shape));
  for (let i = 0; i < shape[0]; i++) values[i * shape[1] + i] = 1;
  return values;
};

export interface ParameterOptions {
  /** Multiplies the learning rate. Default 1. */
  readonly learningRateScale?: number;
  /** False: weight decay leaves it alone. Default true. */
  readonly weightDecay?: boolean;
  /** False: kept and saved, but never trained. Default true. */
  readonly trainable?: boolean;
}

export interface Parameter extends Required<ParameterOptions> {
  /** Full name with scopes, "backbone/block0/query". */
  readonly name: string;
  readonly variable: tf.Variable;
}

/** The named variables of a model: made, listed, saved and freed in one place. Scopes share one list. */
export class Parameters {
  private readonly list: Map<string, Parameter>;

  constructor(
    private readonly random: Random,
    private readonly prefix = '',
    list?: Map<string, Parameter>,
  ) {
    this.list = list ?? new Map<string, Parameter>();
  }

  /** @returns the same list under the name prefix `name/`. */
  scope(name: string): Parameters {
    return new Parameters(this.random, `${this.prefix}${name}/`, this.list);
  }

  /** Makes a variable. @throws CocoError if the name is taken. */
  variable(
    name: string,
    shape: readonly number[],
    initializer: Initializer,
    options: ParameterOptions = {},
  ): tf.Variable {
    const values = initializer(shape, this.random.derive(this.prefix + name));
    const variable = tf.tidy(() =>
      tf.variable(tf.tensor(values, [...shape], 'float32'), options.trainable ?? true),
    );
    this.adopt(name, variable, options);
    return variable;
  }

  /**
   * Takes in a variable that something else made, such as a layers model; from now on it is freed here.
   * @param initializer gives it other first values
   * @throws CocoError if the name is taken
   */
  adopt(
    name: string,
    variable: tf.Variable,
    options: ParameterOptions = {},
    initializer?: Initializer,
  ): void {
    const fullName = this.prefix + name;
    if (this.list.has(fullName)) throw new CocoError(`There are two parameters called "${fullName}".`);
    if (initializer) {
      const values = initializer(variable.shape, this.random.derive(fullName));
      tf.tidy(() => variable.assign(tf.tensor(values, variable.shape, 'float32')));
    }
    const { learningRateScale = 1, weightDecay = true, trainable = true } = options;
    this.list.set(fullName, { name: fullName, variable, learningRateScale, weightDecay, trainable });
  }

  /** All parameters under this scope, in order of creation. */
  entries(): Parameter[] {
    return [...this.list.values()].filter((parameter) => parameter.name.startsWith(this.prefix));
  }

  /** A copy of all values under this scope. */
  async state(): Promise<Map<string, NamedArray>> {
    const state = new Map<string, NamedArray>();
    for (const { name, variable } of this.entries()) {
      // The CPU engine hands out its own buffer, so copy.
      state.set(name, { shape: variable.shape, values: Float32Array.from(await variable.data()) });
    }
    return state;
  }

  /** Sets all values under this scope. @throws CocoError naming a missing, surplus or misshapen tensor. */
  restore(state: ReadonlyMap<string, NamedArray>): void {
    for (const { name, variable } of this.entries()) {
      const saved = state.get(name);
      if (!saved) throw new CocoError(`The saved model lacks the tensor "${name}": ${otherCode}`);
      if (saved.shape.join() !== variable.shape.join()) {
        throw new CocoError(
          `The saved tensor "${name}" has shape [${saved.shape.join(', ')}]; the model's is [${variable.shape.join(', ')}]: ${otherCode}`,
        );
      }
      tf.tidy(() => variable.assign(tf.tensor(saved.values as Float32Array, [...saved.shape], 'float32')));
    }
    for (const name of state.keys()) {
      if (name.startsWith(this.prefix) && !this.list.has(name)) {
        throw new CocoError(
          `The saved model has a tensor "${name}" that this model does not know: ${otherCode}`,
        );
      }
    }
  }

  dispose(): void {
    for (const { name, variable } of this.entries()) {
      variable.dispose();
      this.list.delete(name);
    }
  }
}
