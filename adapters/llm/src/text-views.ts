/**
 * Several vectors of one text from one reading of a decoder. Inside a sentence about it, a text's last states hold more
 * of what the model knows than on their own: the first token of a sequence draws attention and norm to itself (Xiao et
 * al. 2024, "Efficient Streaming Language Models with Attention Sinks"), and a question for one word makes the last
 * state sum the text up (Jiang et al. 2024, "Scaling Sentence Embeddings with Large Language Models").
 */
import * as tf from '@tensorflow/tfjs-core';
import type { AdapterContext, Progress, TextViewEncoder } from '@coco-rec/core';
import type { LocalDecoder } from './decoder/local-decoder.js';
import { inPasses } from './encoding-passes.js';
import { storedVectors } from './stored-vectors.js';
import type { TextTokenizer } from './tokenizer.js';

/** Texts between two writes to the store: what a stop can lose. */
const textsPerWrite = 128;

export interface View {
  /** The mean of the text's own tokens, or the last token of all. */
  readonly pooling: 'mean' | 'last';
  /** After so many blocks. */
  readonly layers: number;
}

/** "mean", "last", or either with a depth: "mean@2". */
export const viewPattern = /^(mean|last)(@\d{1,4})?$/;

/** @param text as `viewPattern` has it @param numLayers where no depth is named */
export function parseView(text: string, numLayers: number): View {
  const [pooling, layers = String(numLayers)] = text.split('@');
  return { pooling: pooling as View['pooling'], layers: Number(layers) };
}

export interface TextViewsOptions {
  readonly views: readonly View[];
  /** With {text} in it. */
  readonly prompt: string;
  /** Longer texts are cut. */
  readonly maxTokens: number;
  /** Identity of the weights. */
  readonly identity: string;
  readonly label: string;
  /** H. */
  readonly hiddenSize: number;
  readonly tokenizer: TextTokenizer;
  /** The model's first blocks; opened when a text is not stored yet, freed after the reading. */
  readonly open: (layers: number) => LocalDecoder;
  readonly context: AdapterContext;
}

/** One sequence: where in it the text stands. */
interface Row {
  readonly ids: readonly number[];
  readonly start: number;
  readonly end: number;
}

export class TextViews implements TextViewEncoder {
  readonly count: number;
  /** Depths of the views, rising, each once. */
  private readonly depths: readonly number[];
  private readonly before: readonly number[];
  private readonly after: readonly number[];

  constructor(private readonly options: TextViewsOptions) {
    const { views, prompt, tokenizer } = options;
    this.count = views.length;
    this.depths = [...new Set(views.map(({ layers }) => layers))].sort((a, b) => a - b);
    const at = prompt.indexOf('{text}');
    this.before = tokenizer.encode(prompt.slice(0, at));
    this.after = tokenizer.encode(prompt.slice(at + '{text}'.length));
  }

  async encode(texts: readonly string[], progress?: Progress): Promise<Float32Array> {
    const { options } = this;
    const { context, views, prompt, maxTokens, identity, hiddenSize } = options;
    const rows = texts.map((): Row | undefined => undefined);
    const rowOf = (i: number): Row => (rows[i] ??= this.row(texts[i]));
    let decoder: LocalDecoder | undefined;
    const key = [identity, 'views', JSON.stringify(views), prompt, `${maxTokens} tokens`];
    try {
      return await storedVectors(texts, {
        context,
        progress: progress ?? context.progress,
        label: options.label,
        identity: key.join('\n'),
        hiddenSize: this.count * hiddenSize,
        textsPerWrite,
        order: (missing) => missing.sort((a, b) => rowOf(a).ids.length - rowOf(b).ids.length || a - b),
        read: (part) => {
          decoder ??= options.open(Math.max(...this.depths));
          return this.read(decoder, part.map(rowOf));
        },
      });
    } finally {
      decoder?.dispose();
    }
  }

  private row(text: string): Row {
    const own = this.options.tokenizer.encode(text).slice(0, this.options.maxTokens);
    const start = this.before.length;
    return { ids: [...this.before, ...own, ...this.after], start, end: start + own.length };
  }

  /** @param rows by length @returns [count · H] each */
  private async read(decoder: LocalDecoder, rows: readonly Row[]): Promise<Float32Array[]> {
    const result: Float32Array[] = [];
    const width = this.count * this.options.hiddenSize;
    const lengths = rows.map(({ ids }) => ids.length);
    await inPasses(lengths, this.options.context.signal, async (from, to) => {
      const vectors = tf.tidy(() => this.pass(decoder, rows.slice(from, to)));
      const values = await vectors.data<'float32'>();
      vectors.dispose();
      for (let n = 0; n < to - from; n++) result.push(values.slice(n * width, (n + 1) * width));
    });
    return result;
  }

  /** @returns [B, count · H] */
  private pass(decoder: LocalDecoder, rows: readonly Row[]): tf.Tensor2D {
    const [B, H] = [rows.length, this.options.hiddenSize];
    const T = Math.max(1, ...rows.map(({ ids }) => ids.length));
    const padded = new Int32Array(B * T);
    const weights = { mean: new Float32Array(B * T), last: new Float32Array(B * T) };
    rows.forEach(({ ids, start, end }, b) => {
      padded.set(ids, b * T);
      if (end === start) return; // a text without tokens gets the zero vector
      weights.mean.fill(1 / (end - start), b * T + start, b * T + end);
      weights.last[b * T + ids.length - 1] = 1;
    });
    const embeddings: tf.Tensor3D = tf.reshape(decoder.embed(tf.tensor1d(padded, 'int32')), [B, T, H]);
    const lengths = Int32Array.from(rows, ({ ids }) => ids.length);
    const states = decoder.statesAfter(embeddings, lengths, this.depths);
    const seen = this.options.views.map(({ pooling, layers }) =>
      tf.matMul(tf.tensor3d(weights[pooling], [B, 1, T]), states[this.depths.indexOf(layers)]),
    );
    return tf.reshape(tf.concat(seen, 2), [B, this.count * H]);
  }
}
