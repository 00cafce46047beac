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
import { type TextTokenizer, tokenizerFromFolder } from '../tokenizer.js';
import { trainBytePair } from './byte-pair.js';
import { type PairIds, pairLoss } from './pair-loss.js';
import { writeModel } from './write-model.js';

export interface PretrainOptions {
  /** What the model learns from. */
  readonly texts: readonly string[];
  /** Other texts of the same kind, for the perplexity. */
  readonly heldOutTexts: readonly string[];
  /**
   * Pairs of texts that say the same. With them the model learns their vectors as well, by `pairLoss`: at each depth in
   * turn, so that a model of which a reader keeps the first blocks only is as good. Neighbours in the list are told apart in
   * one step. Default: none.
   */
  readonly pairs?: readonly (readonly [string, string])[];
  /** Default 64. */
  readonly pairsPerStep?: number;
  /** What cosines of pairs are divided by, default .05 as SimCSE has it. */
  readonly temperature?: number;
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

const defaultPairsPerStep = 64;

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
  const tokenizer = tokenizerOf(tokenizerJson);
  const ids = tokenIds(tokenizer, texts);
  const heldOut = tokenIds(tokenizer, heldOutTexts);
  const pairs = (options.pairs ?? []).map(([first, second]): PairIds => [
    tokenizer.encode(first),
    tokenizer.encode(second),
  ]);
  checkLengths(ids, heldOut, options.length ?? 64);
  checkPairs(pairs.length, options.pairsPerStep);
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
    await train(decoder, parameters, { ids, pairs }, { ...options, steps, seed });
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

function checkPairs(count: number, perStep = defaultPairsPerStep): void {
  if (count > 0 && count < perStep)
    throw new CocoError(`There are ${count} pairs of texts; pretraining takes ${perStep} a step.`);
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

function tokenizerOf(tokenizerJson: object): TextTokenizer {
  const folder = mkdtempSync(join(tmpdir(), 'coco-tokenizer-'));
  try {
    writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify(tokenizerJson));
    return tokenizerFromFolder(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** All texts as one run of ids, each text ended by token 0. */
function tokenIds(tokenizer: TextTokenizer, texts: readonly string[]): Int32Array {
  return Int32Array.from(texts.flatMap((text) => [...tokenizer.encode(text), 0]));
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

/** What is learnt from, as token ids. */
interface Lessons {
  /** All texts, one after another. */
  readonly ids: Int32Array;
  readonly pairs: readonly PairIds[];
}

async function train(
  decoder: LocalDecoder,
  parameters: Parameters,
  lessons: Lessons,
  options: PretrainOptions & { steps: number; seed: number },
): Promise<void> {
  const { steps, batchSize: B = 32, length: T = 64, learningRate = 2e-3, progress, signal } = options;
  const adam = new Adam();
  const random = new Random(options.seed).derive('batches');
  const entries = parameters.entries();
  try {
    for (let step = 0; step < steps; step++) {
      signal?.throwIfAborted();
      const batch = windows(lessons.ids, B, T, random);
      const own = pairsOf(lessons.pairs, step, options.pairsPerStep);
      const [loss, ofPairs] = tf.tidy(() => {
        const list = entries.map(({ variable }) => variable);
        let pairPart = 0;
        const { value, grads } = tf.variableGrads(() => {
          const next = nextTokenLoss(decoder, batch, [B, T]);
          if (own.length === 0) return next;
          const part = pairLoss(decoder, own, options.temperature, depthOf(step, decoder.numLayers));
          pairPart = part.dataSync()[0];
          return tf.add(next, part);
        }, list);
        const gradients = new Map(entries.map(({ name, variable }) => [name, grads[variable.name]]));
        const regular = { learningRate, weightDecay: 0.01, gradientNorm: 1 };
        adam.apply(entries, gradients, regular, schedule(step, steps));
        return [value.dataSync()[0] - pairPart, pairPart];
      });
      const note = own.length > 0 ? `, of pairs ${ofPairs.toFixed(3)}` : '';
      progress?.report('pretraining', step + 1, steps, `loss ${loss.toFixed(3)}${note}`);
      await nextTurn(); // lets signals through
    }
  } finally {
    adam.dispose();
  }
}

/** Places in the text, each with the token that follows. @returns [B · (T + 1)] */
function windows(ids: Int32Array, B: number, T: number, random: Random): Int32Array {
  const batch = new Int32Array(B * (T + 1));
  for (let b = 0; b < B; b++) {
    const from = random.integer(ids.length - T - 1);
    batch.set(ids.subarray(from, from + T + 1), b * (T + 1));
  }
  return batch;
}

/** The next pairs in the list, from its start again after its end. */
function pairsOf(pairs: readonly PairIds[], step: number, count = defaultPairsPerStep): PairIds[] {
  if (pairs.length === 0) return [];
  return Array.from({ length: count }, (_, i) => pairs[(step * count + i) % pairs.length]);
}

/** Blocks that a step's pairs are read with: all, then fewer, down to one, then all again. */
const depthOf = (step: number, numLayers: number): number => numLayers - (step % numLayers);

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
