/**
 * Several vectors of one text from one reading of a decoder. Inside a sentence about it, a text's last states hold more
 * of what the model knows than on their own: the first token of a sequence draws attention and norm to itself (Xiao et
 * al. 2024, "Efficient Streaming Language Models with Attention Sinks"), and a question for one word makes the last
 * state sum the text up (Jiang et al. 2024, "Scaling Sentence Embeddings with Large Language Models").
 */
import type { AdapterContext, Progress, TextViewEncoder } from '@coco-rec/core';
import type { LocalDecoder } from './decoder/local-decoder.js';
import type { TextRow, View } from './decoder/pool-texts.js';
import { encodeInPasses } from './encoding-passes.js';
import { storedVectors } from './stored-vectors.js';
import type { TextTokenizer } from './tokenizer.js';

/** Texts between two writes to the store: what a stop can lose. */
const textsPerWrite = 128;

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

export class TextViews implements TextViewEncoder {
  readonly count: number;
  private readonly before: readonly number[];
  private readonly after: readonly number[];

  constructor(private readonly options: TextViewsOptions) {
    const { views, prompt, tokenizer } = options;
    this.count = views.length;
    const at = prompt.indexOf('{text}');
    this.before = tokenizer.encode(prompt.slice(0, at));
    this.after = tokenizer.encode(prompt.slice(at + '{text}'.length));
  }

  async encode(texts: readonly string[], progress?: Progress): Promise<Float32Array> {
    const { options } = this;
    const { context, views, prompt, maxTokens, identity, hiddenSize } = options;
    const rows = texts.map((): TextRow | undefined => undefined);
    const rowOf = (i: number): TextRow => (rows[i] ??= this.row(texts[i]));
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
          decoder ??= options.open(Math.max(...views.map(({ layers }) => layers)));
          return encodeInPasses(decoder, part.map(rowOf), views, context.signal);
        },
      });
    } finally {
      decoder?.dispose();
    }
  }

  private row(text: string): TextRow {
    const own = this.options.tokenizer.encode(text).slice(0, this.options.maxTokens);
    const start = this.before.length;
    return { ids: [...this.before, ...own, ...this.after], start, end: start + own.length };
  }
}
