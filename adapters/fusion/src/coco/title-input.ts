/** Titles as input of the language model: one vector a title (decision 4), or their tokens (a control). */
import * as tf from '@tensorflow/tfjs-core';
import { type DifferentiableDecoder, type Parameters, identity, linear } from '@coco-rec/core';
import { type FusedRows, copyRows, distinct } from '../fused-rows.js';
import type { ItemText } from '../item-text.js';
import { rescale } from '../row-ops.js';
import type { TitleLists } from './knowledge-input.js';

export interface TitleInput {
  /** Which vectors stand for the titles of each sequence. */
  lists(fused: FusedRows): TitleLists;
  /** Constants of a batch, made before the tape; undefined where no title is read. [U, H] */
  load(fused: FusedRows): tf.Tensor2D | undefined;
  /** What enters the language model, inside the tape. @param loaded what `load` gave [U, H] @returns [U, H] */
  vectors(loaded: tf.Tensor2D): tf.Tensor2D;
}

/** Title vectors, centred, through a learned map that starts as identity, at the norm of token embeddings. */
export class TitleVectors implements TitleInput {
  private readonly map: tf.Variable;

  constructor(
    parameters: Parameters,
    private readonly text: ItemText,
    private readonly norm: number,
  ) {
    const shape = [text.hiddenSize, text.hiddenSize];
    this.map = parameters.variable('titleMap', shape, identity, { weightDecay: false }); // its start is no 0
  }

  lists(fused: FusedRows): TitleLists {
    const { placeOf } = distinct(fused.titles);
    const lists = fused.titles.map((titles) => titles.map((item) => placeOf.get(item) ?? 0));
    return { lists, visible: fused.visibleTitles };
  }

  load(fused: FusedRows): tf.Tensor2D | undefined {
    const { ids } = distinct(fused.titles);
    if (ids.length === 0) return undefined;
    const H = this.text.hiddenSize;
    return tf.tensor2d(copyRows(this.text.table.values, H, ids), [ids.length, H]);
  }

  vectors(loaded: tf.Tensor2D): tf.Tensor2D {
    return rescale(linear(loaded, this.map), this.norm);
  }
}

/** The token embeddings of the titles. */
export class TitleTokens implements TitleInput {
  private readonly tokens: readonly Int32Array[];

  /** @param texts [V+1] titles as items carry them */
  constructor(
    private readonly decoder: DifferentiableDecoder,
    texts: readonly string[],
    maxTokens: number,
  ) {
    this.tokens = texts.map((text) => Int32Array.from(text === '' ? [] : decoder.tokenize(text, maxTokens)));
  }

  lists(fused: FusedRows): TitleLists {
    const { placeOf } = distinct(this.tokenLists(fused));
    const lists = this.tokenLists(fused).map((tokens) => tokens.map((id) => placeOf.get(id) ?? 0));
    const visible = fused.visibleTitles.map((count, p) => {
      const titles = fused.titles[fused.sequenceOf[p]].subarray(0, count);
      return titles.reduce((sum, item) => sum + this.tokens[item].length, 0);
    });
    return { lists, visible };
  }

  load(fused: FusedRows): tf.Tensor2D | undefined {
    const { ids } = distinct(this.tokenLists(fused));
    if (ids.length === 0) return undefined;
    return tf.tidy(() => this.decoder.embed(tf.tensor1d(ids, 'int32')));
  }

  vectors(loaded: tf.Tensor2D): tf.Tensor2D {
    return loaded;
  }

  private tokenLists({ titles }: FusedRows): Int32Array[] {
    return titles.map((items) => Int32Array.from([...items].flatMap((item) => [...this.tokens[item]])));
  }
}
