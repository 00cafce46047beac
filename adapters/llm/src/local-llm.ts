import { setImmediate as nextTurn } from 'node:timers/promises';
import * as tf from '@tensorflow/tfjs-core';
import type {
  AdapterContext,
  GenerateForecast,
  GenerateOptions,
  KnowledgeLLM,
  Progress,
} from '@coco-rec/core';
import { generateIds } from './decoder/generate.js';
import type { LocalDecoder } from './decoder/local-decoder.js';

/** Tokens that one encoding pass reads at most, padding included. */
const tokensPerPass = 1024;

/** Texts between two writes to the store: what a stop can lose. */
const textsPerWrite = 256;

export interface LocalLLMOptions {
  readonly id: string;
  /** Identity of the weights and of all that changes the vectors. */
  readonly contentHash: string;
  readonly pooling: 'mean' | 'last';
  /** Longer texts are cut. */
  readonly maxTokens: number;
  readonly context: AdapterContext;
}

/** A decoder on this machine as a source of knowledge. */
export class LocalLLM implements KnowledgeLLM {
  readonly specVersion = 'v1';
  readonly id: string;
  readonly capabilities = { encode: true, generate: true, differentiable: true };
  readonly hiddenSize: number;
  readonly contentHash: string;

  constructor(
    readonly decoder: LocalDecoder,
    private readonly options: LocalLLMOptions,
  ) {
    this.id = options.id;
    this.hiddenSize = decoder.hiddenSize;
    this.contentHash = options.contentHash;
  }

  /** A text without tokens gets the zero vector. */
  async encode(
    texts: readonly string[],
    progress: Progress = this.options.context.progress,
  ): Promise<Float32Array> {
    const { hasher, knowledge } = this.options.context;
    const H = this.hiddenSize;
    const result = new Float32Array(texts.length * H);
    const keys = texts.map((text) => hasher.sha256(`${this.contentHash}\n${text}`));
    const stored = (await knowledge?.get(keys, H)) ?? [];
    stored.forEach((vector, i) => vector && result.set(vector, i * H));
    const missing = texts.map((_, i) => i).filter((i) => !stored[i]);
    const ids = new Map(missing.map((i) => [i, this.decoder.tokenize(texts[i], this.options.maxTokens)]));
    // Texts of like length side by side pad little; sorted as a whole, so that the same texts share a pass every time.
    missing.sort((a, b) => (ids.get(a)?.length ?? 0) - (ids.get(b)?.length ?? 0) || a - b);
    for (let from = 0; from < missing.length; from += textsPerWrite) {
      const part = missing.slice(from, from + textsPerWrite);
      await this.encodePart(part, ids, result);
      await knowledge?.put(
        part.map((i) => keys[i]),
        part.map((i) => result.slice(i * H, (i + 1) * H)),
      );
      const done = Math.min(missing.length, from + textsPerWrite);
      progress.report(`${this.id}: reading texts`, done, missing.length);
    }
    return result;
  }

  private async encodePart(
    part: readonly number[],
    ids: ReadonlyMap<number, number[]>,
    result: Float32Array,
  ): Promise<void> {
    const H = this.hiddenSize;
    for (let from = 0; from < part.length;) {
      await nextTurn(); // lets Ctrl-C through: reading on the engine never waits for the outside
      this.options.context.signal?.throwIfAborted();
      let to = from;
      let longest = 0;
      while (to < part.length) {
        const length = ids.get(part[to])?.length ?? 0;
        if (to > from && (to - from + 1) * Math.max(longest, length) > tokensPerPass) break;
        longest = Math.max(longest, length);
        to++;
      }
      const pass = part.slice(from, to);
      const vectors = tf.tidy(() => this.encodeIds(pass.map((i) => ids.get(i) ?? [])));
      const values = await vectors.data<'float32'>();
      vectors.dispose();
      pass.forEach((i, n) => result.set(values.subarray(n * H, (n + 1) * H), i * H));
      from = to;
    }
  }

  /** @returns [B, H] */
  private encodeIds(rows: readonly (readonly number[])[]): tf.Tensor2D {
    const [B, T, H] = [rows.length, Math.max(1, ...rows.map(({ length }) => length)), this.hiddenSize];
    const padded = new Int32Array(B * T);
    const weights = new Float32Array(B * T);
    rows.forEach((ids, b) => {
      padded.set(ids, b * T);
      if (ids.length === 0) return;
      if (this.options.pooling === 'last') weights[b * T + ids.length - 1] = 1;
      else weights.fill(1 / ids.length, b * T, b * T + ids.length);
    });
    const flat = this.decoder.embed(tf.tensor1d(padded, 'int32')); // [B · T, H]
    const embeddings: tf.Tensor3D = tf.reshape(flat, [B, T, H]);
    const lengths = Int32Array.from(rows, ({ length }) => length);
    const states = this.decoder.forward(embeddings, lengths); // [B, T, H]
    return tf.reshape(tf.matMul(tf.tensor3d(weights, [B, 1, T]), states), [B, H]);
  }

  /** Greedy, one prompt after another. No answer can follow a schema here: it is not read. */
  async generate(prompts: readonly string[], options: GenerateOptions): Promise<string[]> {
    const { maxTokens, onAnswer } = options;
    const signal = options.signal ?? this.options.context.signal;
    const { tokenizer } = this.decoder;
    const ends = tokenizer?.ends ?? [];
    const made: string[] = [];
    for (const [index, prompt] of prompts.entries()) {
      await nextTurn();
      signal?.throwIfAborted();
      const ids = this.decoder.tokenize(prompt);
      const next = ids.length > 0 ? await generateIds(this.decoder, ids, { maxTokens, ends, signal }) : [];
      const text = tokenizer?.decode(next) ?? '';
      made.push(text);
      await onAnswer?.(index, { text, promptTokens: ids.length, answerTokens: next.length, cost: 0 });
    }
    return made;
  }

  forecast(
    prompts: readonly string[],
    { maxTokens }: { readonly maxTokens: number },
  ): Promise<GenerateForecast> {
    const lengths = prompts.map((prompt) => this.decoder.tokenize(prompt).length);
    const requests = lengths.filter((length) => length > 0).length;
    const promptTokens = lengths.reduce((sum, length) => sum + length, 0);
    return Promise.resolve({ requests, promptTokens, answerTokens: requests * maxTokens, cost: 0 });
  }

  dispose(): void {
    this.decoder.dispose();
  }
}
