import { IsIn, IsInt, IsOptional, IsString, Min } from 'class-validator';
import {
  CocoError,
  type Dataset,
  Describe,
  NamesFile,
  type OpenContext,
  type Strings,
  UsageError,
} from '@coco-rec/core';
import { FrozenConfig, type ItemTable, named } from '../frozen-backbone.js';
import { HistoryBackbone } from '../history-backbone.js';
import { itemTable, missingItems } from '../match-ids.js';
import { readBytes } from '../files/demand-file.js';
import { readVectors } from '../files/read-vectors.js';
import { demandOwnWeights, readInitialiser } from './initialisers.js';
import { type ModelBatch, OnnxSession } from './session.js';
import { paddingWarnings, readVocabulary } from './vocabulary.js';

export class OnnxConfig extends FrozenConfig {
  @Describe('The model, an .onnx file: item numbers [B, T] in, states [B, D] or [B, T, D] out.')
  @IsString()
  @NamesFile()
  model!: string;

  @Describe("CSV file with `id` and one more column: the model's number of each raw item id.")
  @IsString()
  @NamesFile()
  vocabulary!: string;

  @Describe(
    'File of item vectors, with `id`: .csv, .csv.gz, .parquet, .npy or .safetensors; or give `itemTable`.',
  )
  @IsOptional()
  @IsString()
  @NamesFile()
  items?: string;

  @Describe('For `items` in .npy or .safetensors: a CSV file with `id`, a line for each row.')
  @IsOptional()
  @IsString()
  @NamesFile()
  itemIds?: string;

  @Describe(
    "Name of the model's own table of item vectors (an initialiser), a row for each number of the vocabulary.",
  )
  @IsOptional()
  @IsString()
  itemTable?: string;

  @Describe('Name of the input that takes item numbers.')
  @IsString()
  itemsInput = 'items';

  @Describe('Name of the input that takes the number of items of each history [B], if there is one.')
  @IsOptional()
  @IsString()
  lengthsInput?: string;

  @Describe('Name of the input that takes 1 for an item and 0 for padding [B, T], if there is one.')
  @IsOptional()
  @IsString()
  maskInput?: string;

  @Describe('Name of the output with the states. Default: the only one.')
  @IsOptional()
  @IsString()
  output?: string;

  @Describe('Side on which the model expects padding.')
  @IsIn(['left', 'right'])
  padding: 'left' | 'right' = 'right';

  @Describe("The model's number of padding.")
  @IsInt()
  @Min(0)
  paddingNumber = 0;

  @Describe('Histories that the model reads at a time.')
  @IsInt()
  @Min(1)
  batchSize = 256;
}

/**
 * A model exported from PyTorch, TensorFlow or another library. Each prediction is a run of the model on the items that it
 * may see, and takes the state of the last of them: so a model that is not causal sees nothing later either. Items that the
 * model does not know are left out of a history; a history without any item has the state zero.
 */
export class OnnxBackbone extends HistoryBackbone {
  readonly id = 'onnx';
  private session?: OnnxSession;
  /** [V + 1] the model's number of each item, −1: none. */
  private numbers!: Int32Array;

  constructor(private readonly config: OnnxConfig) {
    super(config);
  }

  protected async load({ dataset }: OpenContext): Promise<ItemTable> {
    const { config } = this;
    if ((config.items === undefined) === (config.itemTable === undefined)) {
      throw new UsageError(
        'Give either "backbone.items" (a file) or "backbone.itemTable" (a table of the model).',
      );
    }
    const model = await readBytes(config.model);
    demandOwnWeights(model, config.model);
    const { vocabulary, paddingNumber } = config;
    this.numbers = await readVocabulary(vocabulary, dataset.items);
    this.warnings.push(...paddingWarnings(vocabulary, this.numbers, paddingNumber, dataset.items));
    const table = await this.readItems(model, dataset.items);
    this.warnings.push(...missingItems(this.counts));
    const { itemsInput: items, lengthsInput: lengths, maskInput: mask, output } = config;
    this.session = await OnnxSession.open(config.model, model, { items, lengths, mask, output });
    await this.tryOut(table, dataset);
    return table;
  }

  override externalFiles(): readonly string[] {
    const { model, vocabulary, items, itemIds } = this.config;
    return named(model, vocabulary, items, itemIds);
  }

  private async readItems(model: Uint8Array, items: Strings): Promise<ItemTable> {
    const { config } = this;
    if (config.items !== undefined) {
      const source = { path: config.items, ids: config.itemIds, idsKey: 'backbone.itemIds' };
      return itemTable(await readVectors(source), items, this.counts);
    }
    const { rows, columns, values } = readInitialiser(model, config.itemTable as string, config.model);
    const known = Array.from(this.numbers.keys()).filter((item) => this.numbers[item] >= 0);
    const beyond = known.find((item) => this.numbers[item] >= rows);
    if (beyond !== undefined) {
      throw new CocoError(
        `${config.model}: its table "${config.itemTable}" has ${rows} rows, but the number of ` +
          `"${items.get(beyond)}" is ${this.numbers[beyond]} (${config.vocabulary}).`,
      );
    }
    const own = known.map((item) =>
      values.subarray(this.numbers[item] * columns, (this.numbers[item] + 1) * columns),
    );
    const path = `${config.model}, table "${config.itemTable}"`;
    const all = new Float32Array(known.length * columns);
    own.forEach((vector, n) => all.set(vector, n * columns));
    const ids = known.map((item) => items.get(item));
    return itemTable({ path, ids, values: all, dimension: columns }, items, this.counts);
  }

  /**
   * The smallest number, the largest, the longest history, and two at a time: a model that does not fit shows before
   * training, and what is the matter by the first that fails.
   */
  private async tryOut({ dimension }: ItemTable, dataset: Dataset): Promise<void> {
    const { maxLength, vocabulary } = this.config;
    const known = this.numbers.filter((number) => number >= 0).sort();
    const one = known.subarray(0, 1);
    const largest = known.subarray(-1);
    const longest = this.longestHistory(dataset);
    await this.runModel([one], dimension);
    await this.runModel([largest], dimension).catch((error: unknown) =>
      withAdvice(
        error,
        `It takes the item number ${one[0]}, but not ${largest[0]}, the largest in ${vocabulary}: give the numbers that ` +
          'it was trained with.',
      ),
    );
    await this.runModel([longest], dimension).catch((error: unknown) =>
      withAdvice(
        error,
        `If it was made for shorter histories, lower "backbone.maxLength", now ${maxLength}.`,
      ),
    );
    if (this.blockSize() === 1) return;
    await this.runModel([one, one], dimension).catch((error: unknown) =>
      withAdvice(error, 'If it was made for one history at a time, set "backbone.batchSize: 1".'),
    );
  }

  /** The longest that the data has, cut to `maxLength`, in the model's numbers. */
  private longestHistory({ offsets, sequence, userCount }: Dataset): Int32Array {
    let longest = new Int32Array();
    for (let user = 0; user < userCount; user++) {
      const start = Math.max(offsets[user], offsets[user + 1] - this.maxLength);
      const history = this.known(sequence.subarray(start, offsets[user + 1]));
      if (history.length > longest.length) longest = history;
    }
    return longest;
  }

  /** The model's numbers of the items that it knows. */
  private known(history: Int32Array): Int32Array<ArrayBuffer> {
    return Int32Array.from(history, (item) => this.numbers[item]).filter((number) => number >= 0);
  }

  /** Histories of a run of the model. */
  private blockSize(): number {
    return (this.session as OnnxSession).fixedBatch ?? this.config.batchSize;
  }

  protected async encodeHistories(histories: readonly Int32Array[]): Promise<readonly Float32Array[]> {
    const D = this.dimension;
    const states: Float32Array[] = histories.map(() => new Float32Array(D));
    const known = histories
      .map((history, n) => ({ n, numbers: this.known(history) }))
      .filter(({ numbers }) => numbers.length > 0)
      .sort((a, b) => a.numbers.length - b.numbers.length); // like lengths together
    const size = this.blockSize();
    for (let start = 0; start < known.length; start += size) {
      const block = known.slice(start, start + size);
      const found = await this.runModel(
        block.map(({ numbers }) => numbers),
        D,
      );
      block.forEach(({ n }, b) => (states[n] = found[b]));
    }
    return states;
  }

  private async runModel(histories: readonly Int32Array[], D: number): Promise<Float32Array[]> {
    const { model, output } = this.config;
    const session = this.session as OnnxSession;
    const batch = this.pad(histories, session);
    const { shape, values } = await session.run(batch);
    const isLast = shape.length === 2;
    const expected = isLast ? [batch.batchSize, D] : [batch.batchSize, batch.length, D];
    if (shape.join() !== expected.join()) {
      throw new CocoError(
        `${model}: its output${output === undefined ? '' : ` "${output}"`} has the shape [${shape.join(', ')}]; ` +
          `for these items it should be [${batch.batchSize}, ${D}] or [${batch.batchSize}, ${batch.length}, ${D}].`,
      );
    }
    return histories.map((_, b) => {
      const at = this.config.padding === 'left' ? batch.length - 1 : batch.lengths[b] - 1;
      const row = isLast ? b : b * batch.length + at;
      const state = values.slice(row * D, (row + 1) * D);
      if (state.every(Number.isFinite)) return state;
      throw new CocoError(
        `${model} gave a state that is not finite for a history of ${batch.lengths[b]} items.`,
      );
    });
  }

  /** As long and as many as the graph wants: the last history fills what is left. */
  private pad(given: readonly Int32Array[], { fixedLength, fixedBatch }: OnnxSession): ModelBatch {
    const count = fixedBatch ?? given.length;
    const histories = Array.from({ length: count }, (_, b) => {
      const history = given[Math.min(b, given.length - 1)];
      return fixedLength === undefined ? history : history.slice(-fixedLength);
    });
    const [B, T] = [histories.length, fixedLength ?? Math.max(...histories.map(({ length }) => length))];
    const items = new Int32Array(B * T).fill(this.config.paddingNumber);
    const mask = new Int32Array(B * T);
    histories.forEach((history, b) => {
      const start = b * T + (this.config.padding === 'left' ? T - history.length : 0);
      items.set(history, start);
      mask.fill(1, start, start + history.length);
    });
    const lengths = Int32Array.from(histories, ({ length }) => length);
    return { batchSize: B, length: T, items, lengths, mask };
  }

  override dispose(): void {
    super.dispose();
    void this.session?.release();
    this.session = undefined;
  }
}

/** @throws always: the error, with a sentence more */
function withAdvice(error: unknown, advice: string): never {
  if (!(error instanceof CocoError)) throw error;
  throw new CocoError(`${error.message} ${advice}`, { cause: error });
}
