/**
 * A model of the public tfjs layers API: vectors of the history's items [B, T, D] in, states [B, T, D] out. It is trained
 * here, item vectors and all.
 *
 * - Matrices that its layers drew at random are drawn again from the seed (Glorot uniform), as the layers draw from none,
 *   unless `keepsWeights` is set. Other weights, and those of a `model.json`, stay as they are.
 * - Its dropout layers do nothing, as their random numbers could not be repeated after a stop; `dropout` drops its input.
 */
import * as tf from '@tensorflow/tfjs-core';
import { IsInt, IsNumber, Max, Min } from 'class-validator';
import {
  Backbone,
  CocoError,
  Describe,
  type ItemVectors,
  type Parameters,
  type Pass,
  type PreparedBatch,
  xavier,
} from '@coco-rec/core';
import { registerChainedOps } from './chained-ops.js';
import type { BuildLayers, LayersModel, LayersWeight } from './layers-model.js';
import { reasonOf } from './reason-of.js';
import { tryOut } from './try-out.js';

export class LayersCodeConfig {
  @Describe('Histories are cut to their newest items.')
  @IsInt()
  @Min(1)
  maxLength = 50;

  @Describe('Dropout on the item vectors that the model reads.')
  @IsNumber()
  @Min(0)
  @Max(0.95)
  dropout = 0.2;
}

export interface LayersSource {
  readonly id: string;
  readonly build: BuildLayers;
  /** All weights begin as they are, such as those trained before. */
  readonly keepsWeights: boolean;
  /** The file that says what the model is; its weights are in a saved model. */
  readonly file?: string;
}

export class LayersBackbone extends Backbone {
  readonly id: string;
  override readonly maxLength: number;
  private model!: LayersModel;
  private width = 0;

  constructor(
    private readonly config: LayersCodeConfig,
    private readonly source: LayersSource,
  ) {
    super();
    this.id = source.id;
    this.maxLength = config.maxLength;
  }

  /** D; known once it is open. */
  get dimension(): number {
    return this.width;
  }

  override async open(): Promise<void> {
    registerChainedOps();
    this.model = await builtModel(this.source);
    try {
      this.width = widthOf(this.id, this.model);
      tryOut({ id: this.id, model: this.model, width: this.width });
    } catch (error) {
      for (const weight of this.weights()) weight.read().dispose();
      throw error;
    }
  }

  override externalFiles(): readonly string[] {
    return this.source.file === undefined ? [] : [this.source.file];
  }

  private weights(): readonly LayersWeight[] {
    return [...this.model.trainableWeights, ...this.model.nonTrainableWeights];
  }

  protected build(parameters: Parameters): void {
    const { model, source } = this;
    const trainable = new Set(model.trainableWeights);
    this.weights().forEach((weight, n) => {
      const variable = weight.read() as tf.Variable;
      const name = `layers/${n}-${weight.originalName.split('/').at(-1)}`; // the rest counts the models made
      const redrawn = !source.keepsWeights && isDrawn(variable) ? xavier : undefined;
      parameters.adopt(name, variable, { trainable: trainable.has(weight) }, redrawn);
    });
  }

  encode({ itemIds, batchSize: B, length: T }: PreparedBatch, items: ItemVectors, pass: Pass): tf.Tensor3D {
    const gathered = items.gather(tf.reshape(itemIds, [B * T]) as tf.Tensor1D);
    const vectors = tf.reshape(gathered, [B, T, this.width]) as tf.Tensor3D; // [B, T, D]
    const dropped = pass.dropout(vectors, this.config.dropout);
    return this.model.apply(dropped, { training: false }) as tf.Tensor3D; // [B, T, D]
  }
}

/** @throws CocoError if the code throws, or gives something else */
async function builtModel({ id, build }: LayersSource): Promise<LayersModel> {
  let model: Partial<LayersModel> | null | undefined;
  try {
    model = await build();
  } catch (error) {
    if (error instanceof CocoError) throw error;
    throw new CocoError(`The layers model of "${id}" cannot be built (${reasonOf(error)}).`, {
      cause: error,
    });
  }
  if (model?.inputs?.length && model.outputs?.length && model.apply) return model as LayersModel;
  const found = model ? 'something that has no inputs and outputs' : String(model);
  throw new CocoError(
    `The "build" of "${id}" gave ${found}; it should return a layers model, such as tf.model() or tf.sequential() make.`,
  );
}

/** @throws CocoError unless the model maps [B, T, D] to [B, T, D] */
function widthOf(id: string, { inputs, outputs }: LayersModel): number {
  const shown = (list: LayersModel['inputs']): string =>
    list.map(({ shape }) => `[${shape.join(', ')}]`).join(', ');
  const [input, output] = [inputs[0].shape, outputs[0].shape];
  const isFree = [input, output].every((shape) => shape.length === 3 && shape[1] === null);
  const D = input[2];
  if (inputs.length === 1 && outputs.length === 1 && isFree && D && output[2] === D) return D;
  throw new CocoError(
    `The layers model of "${id}" maps ${shown(inputs)} to ${shown(outputs)}; it should map [, , D] to [, , D], a state for ` +
      'each position (returnSequences: true) of a history of any length.',
  );
}

/** Whether a weight looks drawn at random: a matrix, or larger, whose values are not all equal. */
function isDrawn(variable: tf.Variable): boolean {
  const values = variable.dataSync<'float32'>();
  return variable.rank > 1 && values.some((value) => value !== values[0]);
}
