/** Trains a small Qwen3-architecture decoder from nothing, as the embedded `tiny` was, and writes it as a model folder. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import * as tf from '@tensorflow/tfjs-core';
import {
  Adam,
  CocoError,
  Parameters,
  type Progress,
  Random,
  constant,
  linearCrossEntropy,
  normal,
} from '@coco-rec/core';
import { makeWeights } from '../decoder/decoder-weights.js';
import { LocalDecoder } from '../decoder/local-decoder.js';
import type { ModelConfig } from '../model-config.js';
import { tokenizerFromFolder } from '../tokenizer.js';
import { trainBytePair } from './byte-pair.js';
import { writeModel } from './write-model.js';

export interface PretrainOptions {
  /** What the model learns from. */
  readonly texts: readonly string[];
  /** Other texts of the same kind, for the perplexity. */
  readonly heldOutTexts: readonly string[];
  /** H, default 128. */
  readonly hiddenSize?: number;
  /** Default 4. */
  readonly numLayers?: number;
  /** Tokens of the vocabulary, default 2,048. */
  readonly vocabularySize?: number;
  /** Default 700. */
  readonly steps?: number;
  /** Sequences a step (default 32) of `length` tokens (default 64). */
  readonly batchSize?: number;
  readonly length?: number;
  /** Default .002, with 100 steps of warm-up, then down to a tenth by a cosine. */
  readonly learningRate?: number;
  readonly seed?: number;
  readonly progress?: Progress;
  readonly signal?: AbortSignal;
}

export interface Pretrained {
  readonly parameterCount: number;
  readonly trainTokens: number;
  /** exp of the mean cross-entropy a token, on held-out texts. */
  readonly perplexity: number;
  readonly seconds: number;
}

/** Needs a started engine. Writes config.json, tokenizer.json and model.safetensors (BF16) to `folder`. */
export async function pretrain(folder: string, options: PretrainOptions): Promise<Pretrained> {
  const startedAt = Date.now();
  const { texts, heldOutTexts, vocabularySize = 2048, seed = 1, steps = 700 } = options;
  const tokenizerJson = trainBytePair(texts, vocabularySize);
  const ids = tokenIds(tokenizerJson, texts);
  const heldOut = tokenIds(tokenizerJson, heldOutTexts);
  checkLengths(ids, heldOut, options.length ?? 64);
  const config = configOf(options, (tokenizerJson as { model: { vocab: object } }).model.vocab);
  const parameters = new Parameters(new Random(seed));
  const weights = makeWeights(config, config.numLayers, (name, shape, turned) =>
    parameters.variable(
      name,
      turned ? [...shape].reverse() : shape,
      shape.length === 1 ? constant(1) : normal(0.02),
    ),
  );
  const decoder = new LocalDecoder(config, weights);
  try {
    await train(decoder, parameters, ids, { ...options, steps, seed });
    const perplexity = measure(decoder, heldOut, options.length ?? 64);
    await writeModel(folder, { config, tokenizerJson, parameters });
    const parameterCount = parameters.entries().reduce((sum, { variable }) => sum + variable.size, 0);
    const { batchSize = 32, length = 64 } = options;
    const seconds = (Date.now() - startedAt) / 1000;
    return { parameterCount, trainTokens: steps * batchSize * length, perplexity, seconds };
  } finally {
    parameters.dispose();
  }
}

function checkLengths(ids: Int32Array, heldOut: Int32Array, T: number): void {
  if (ids.length < T + 2) {
    throw new CocoError(
      `The texts have ${ids.length} tokens; pretraining on sequences of ${T} needs at least ${T + 2}.`,
    );
  }
  const least = measuredRows * T + 1;
  if (heldOut.length < least) {
    throw new CocoError(
      `The held-out texts have ${heldOut.length} tokens; the perplexity needs at least ${least}.`,
    );
  }
}

function configOf({ hiddenSize = 128, numLayers = 4 }: PretrainOptions, vocabulary: object): ModelConfig {
  return {
    architecture: 'qwen3',
    hiddenSize,
    numLayers,
    numHeads: 4,
    numKeyValueHeads: 2,
    headSize: hiddenSize / 4,
    feedForwardSize: 3 * hiddenSize,
    vocabularySize: Object.keys(vocabulary).length,
    normEpsilon: 1e-6,
    rotaryBase: 10000,
    tied: true,
  };
}

/** All texts as one run of ids, each text ended by token 0. */
function tokenIds(tokenizerJson: object, texts: readonly string[]): Int32Array {
  const folder = mkdtempSync(join(tmpdir(), 'coco-tokenizer-'));
  try {
    writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify(tokenizerJson));
    const tokenizer = tokenizerFromFolder(folder);
    return Int32Array.from(texts.flatMap((text) => [...tokenizer.encode(text), 0]));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Mean cross-entropy of the next token. @param ids [B, T + 1] */
function nextTokenLoss(decoder: LocalDecoder, ids: Int32Array, [B, T]: readonly [number, number]): tf.Scalar {
  const at = (shift: number): tf.Tensor1D =>
    tf.tensor1d(
      Int32Array.from({ length: B * T }, (_, i) => ids[Math.floor(i / T) * (T + 1) + (i % T) + shift]),
      'int32',
    );
  const H = decoder.hiddenSize;
  const states = decoder.read(tf.reshape(decoder.embed(at(0)), [B, T, H])).states;
  const losses = linearCrossEntropy(tf.reshape(states, [B * T, H]), decoder.weights.head, at(1), {
    firstItem: 0,
  });
  return tf.mean(losses);
}

async function train(
  decoder: LocalDecoder,
  parameters: Parameters,
  ids: Int32Array,
  options: PretrainOptions & { steps: number; seed: number },
): Promise<void> {
  const { steps, batchSize: B = 32, length: T = 64, learningRate = 2e-3, progress, signal } = options;
  const adam = new Adam();
  const random = new Random(options.seed).derive('batches');
  const entries = parameters.entries();
  try {
    for (let step = 0; step < steps; step++) {
      signal?.throwIfAborted();
      const batch = Int32Array.from(
        Array.from({ length: B }, () => random.integer(ids.length - T - 1)).flatMap((from) => [
          ...ids.subarray(from, from + T + 1),
        ]),
      );
      const loss = tf.tidy(() => {
        const list = entries.map(({ variable }) => variable);
        const { value, grads } = tf.variableGrads(() => nextTokenLoss(decoder, batch, [B, T]), list);
        const gradients = new Map(entries.map(({ name, variable }) => [name, grads[variable.name]]));
        adam.apply(
          entries,
          gradients,
          { learningRate, weightDecay: 0.01, gradientNorm: 1 },
          schedule(step, steps),
        );
        return value.dataSync()[0];
      });
      progress?.report('pretraining', step + 1, steps, `loss ${loss.toFixed(3)}`);
      await nextTurn(); // lets signals through
    }
  } finally {
    adam.dispose();
  }
}

function schedule(step: number, steps: number): number {
  const warmUp = Math.min(1, (step + 1) / 100);
  return warmUp * (0.55 + 0.45 * Math.cos((Math.PI * step) / steps));
}

/** Sequences in one pass of the perplexity. */
const measuredRows = 16;

/** Perplexity over whole windows of `T` tokens. */
function measure(decoder: LocalDecoder, ids: Int32Array, T: number): number {
  const B = measuredRows;
  const windows = Math.floor((ids.length - 1) / (B * T));
  let sum = 0;
  for (let w = 0; w < windows; w++) {
    const batch = new Int32Array(B * (T + 1));
    for (let b = 0; b < B; b++)
      batch.set(ids.subarray((w * B + b) * T, (w * B + b) * T + T + 1), b * (T + 1));
    sum += tf.tidy(() => nextTokenLoss(decoder, batch, [B, T]).dataSync()[0]);
  }
  return Math.exp(sum / windows);
}
