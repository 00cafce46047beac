/**
 * A service that answers histories with vectors, over HTTP with JSON:
 *
 *   POST url       {"specVersion": "v1", "histories": [["i1", "i2"], []]}   → {"vectors": [[…D numbers], …]}
 *   POST itemsUrl  {"specVersion": "v1", "items": ["i1", "i2"]}            → {"vectors": [[…D numbers], null]}
 *
 * Ids are the raw ids of the data, oldest first; a vector for each, in the same order; null for an item it does not know.
 */
import { IsInt, IsNumber, IsOptional, IsString, IsUrl, Max, Min } from 'class-validator';
import {
  Describe,
  NamesFile,
  Reaches,
  type OpenContext,
  OutsideError,
  type Strings,
  UsageError,
} from '@coco-rec/core';
import { FrozenConfig, type ItemTable, named } from '../frozen-backbone.js';
import { HistoryBackbone } from '../history-backbone.js';
import { itemTable, missingItems } from '../match-ids.js';
import { readVectors } from '../files/read-vectors.js';
import { VectorRows } from '../files/vector-rows.js';
import { isAboutContent, postJson } from './client.js';
import { readAnswer } from './answer.js';

const isUrl = {
  require_tld: false,
  require_protocol: true,
  protocols: ['http', 'https'],
  allow_underscores: true, // as in the names of services of docker-compose
};

export class HttpConfig extends FrozenConfig {
  @Describe('Address that answers histories with vectors.')
  @IsUrl(isUrl)
  @Reaches()
  url!: string;

  @Describe('Address that answers items with vectors; or give a file as `items`.')
  @IsOptional()
  @IsUrl(isUrl)
  @Reaches()
  itemsUrl?: string;

  @Describe('File of item vectors, with `id`: .csv, .csv.gz, .parquet, .npy or .safetensors.')
  @IsOptional()
  @IsString()
  @NamesFile()
  items?: string;

  @Describe('For `items` in .npy or .safetensors: a CSV file with `id`, a line for each row.')
  @IsOptional()
  @IsString()
  @NamesFile()
  itemIds?: string;

  @Describe('Histories, or items, of one request at most.')
  @IsInt()
  @Min(1)
  @Reaches()
  batchSize = 256;

  @Describe('Requests at a time.')
  @IsInt()
  @Min(1)
  @Reaches()
  concurrency = 4;

  @Describe('A request without an answer is given up after so many seconds.')
  @IsNumber()
  @Min(0.01)
  @Max(86400)
  @Reaches()
  timeoutSeconds = 30;

  @Describe('Further tries after a time-out, a broken connection, or an answer 429 or 5xx.')
  @IsInt()
  @Min(0)
  @Max(20)
  @Reaches()
  retries = 4;

  @Describe('Seconds before the first further try; doubled before each later one, 30 at most.')
  @IsNumber()
  @Min(0)
  @Reaches()
  backoffSeconds = 0.5;

  @Describe('Name of an environment variable that holds a token, sent as "Authorization: Bearer …".')
  @IsOptional()
  @IsString()
  @Reaches()
  tokenVariable?: string;
}

export class HttpBackbone extends HistoryBackbone {
  readonly id = 'http';
  private names!: Strings;
  private signal?: AbortSignal;
  private token?: string;

  constructor(private readonly config: HttpConfig) {
    super(config);
    demandNoLogin('url', config.url);
    if (config.itemsUrl !== undefined) demandNoLogin('itemsUrl', config.itemsUrl);
  }

  protected async load({ dataset, signal }: OpenContext): Promise<ItemTable> {
    this.names = dataset.items;
    this.signal = signal;
    this.token = readToken(this.config.tokenVariable);
    const { items, itemIds, itemsUrl } = this.config;
    if ((items === undefined) === (itemsUrl === undefined)) {
      throw new UsageError('Give either "backbone.items" (a file) or "backbone.itemsUrl" (an address).');
    }
    const file =
      items !== undefined
        ? await readVectors({ path: items, ids: itemIds, idsKey: 'backbone.itemIds' })
        : await this.askItems(itemsUrl as string);
    const table = itemTable(file, dataset.items, this.counts);
    this.warnings.push(...missingItems(this.counts));
    await this.tryOut(table);
    return table;
  }

  override externalFiles(): readonly string[] {
    return named(this.config.items, this.config.itemIds);
  }

  private async askItems(url: string): Promise<ReturnType<VectorRows['finish']>> {
    const ids = Array.from({ length: this.names.length - 1 }, (_, i) => this.names.get(i + 1));
    const vectors = await this.inRequests(ids, async (items, signal) => {
      const answer = await this.ask(url, { items }, signal);
      return readAnswer(answer, { url, count: items.length, mayLack: true });
    });
    if (!vectors.some(Boolean)) {
      throw new OutsideError(`The service at ${url} knows none of the ${ids.length} items of the data.`);
    }
    const rows = new VectorRows(url);
    ids.forEach((id, n) => {
      const vector = vectors[n];
      if (vector) rows.add(id, undefined, vector, `item "${id}"`);
    });
    return rows.finish();
  }

  /** An empty history, so that a service that does not fit shows before training. */
  private async tryOut({ dimension }: ItemTable): Promise<void> {
    await this.askHistories([Int32Array.of()], dimension).catch((error: unknown) => {
      if (!(error instanceof OutsideError) || !isAboutContent(error)) throw error;
      const asked = 'It was asked for an empty history, which comes first and has to be answered too.';
      throw new OutsideError(`${error.message} ${asked}`, { cause: error });
    });
  }

  protected encodeHistories(histories: readonly Int32Array[]): Promise<readonly Float32Array[]> {
    return this.askHistories(histories, this.dimension);
  }

  private askHistories(histories: readonly Int32Array[], width: number): Promise<Float32Array[]> {
    const { url } = this.config;
    const raw = histories.map((history) => Array.from(history, (item) => this.names.get(item)));
    return this.inRequests(raw, async (block, signal) => {
      const answer = await this.ask(url, { histories: block }, signal);
      return readAnswer(answer, { url, count: block.length, width }) as Float32Array[];
    });
  }

  private ask(url: string, body: object, signal: AbortSignal): Promise<unknown> {
    const { config, token } = this;
    return postJson(url, { specVersion: 'v1', ...body }, { ...config, signal, token });
  }

  /** Cuts a list into requests and keeps `concurrency` of them under way; if one fails, the others are broken off. */
  private async inRequests<In, Out>(
    list: readonly In[],
    ask: (block: readonly In[], signal: AbortSignal) => Promise<readonly Out[]>,
  ): Promise<Out[]> {
    const { batchSize, concurrency } = this.config;
    const failed = new AbortController();
    const signal = this.signal ? AbortSignal.any([this.signal, failed.signal]) : failed.signal;
    const results: Out[] = [];
    const starts = Array.from({ length: Math.ceil(list.length / batchSize) }, (_, i) => i * batchSize);
    const work = async (): Promise<void> => {
      for (let start = starts.shift(); start !== undefined; start = starts.shift()) {
        const found = await ask(list.slice(start, start + batchSize), signal);
        for (const [i, one] of found.entries()) results[start + i] = one;
      }
    };
    const workers = Array.from({ length: Math.min(concurrency, starts.length) }, work);
    try {
      await Promise.all(workers);
    } catch (error) {
      failed.abort();
      await Promise.allSettled(workers);
      throw error;
    }
    return results;
  }
}

/** An address is printed and saved with the results. @throws UsageError for one with a password, without repeating it */
function demandNoLogin(key: string, address: string): void {
  const { username, password } = new URL(address);
  if (username === '' && password === '') return;
  throw new UsageError(
    `"backbone.${key}" holds a user name or a password; take it out, and give a token by "backbone.tokenVariable".`,
  );
}

function readToken(variable: string | undefined): string | undefined {
  if (variable === undefined) return undefined;
  const token = process.env[variable];
  if (token) return token;
  throw new UsageError(
    `"backbone.tokenVariable" names ${variable}, but that environment variable is not set.`,
  );
}
