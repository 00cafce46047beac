import assert from 'node:assert/strict';
import { type IncomingMessage, type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { OutsideError, leaveOneOut } from '@coco-rec/core';
import { testDataset } from '@coco-rec/core/testing';
import { statesOf } from '../testing/states-of.js';
import { type ClientOptions, postJson } from './client.js';
import { HttpBackbone, HttpConfig } from './http.js';

interface Asked {
  readonly items?: readonly string[];
  readonly histories?: readonly (readonly string[])[];
}

/** What a service was asked for, and when, in milliseconds. */
interface Request extends Asked {
  readonly time: number;
}

const dataset = testDataset();
const progress = { report: () => undefined, log: () => undefined } as const;
const options: ClientOptions = { timeoutSeconds: 10, retries: 0, backoffSeconds: 0 };

let server: Server | undefined;
let requests: Request[] = [];

async function bodyOf(request: IncomingMessage): Promise<Asked> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return JSON.parse(Buffer.concat(parts).toString()) as Asked;
}

/** A service that answers its requests with these codes, then with 200. @returns its address */
async function serve(...codes: number[]): Promise<string> {
  const left = [...codes];
  const started = createServer((request, response) => {
    void bodyOf(request).then((asked) => {
      requests.push({ ...asked, time: performance.now() });
      response.writeHead(left.shift() ?? 200).end(JSON.stringify({ vectors: vectorsOf(asked) }));
    });
  });
  server = started;
  await new Promise<void>((done) => started.listen(0, '127.0.0.1', done));
  return `http://127.0.0.1:${(started.address() as AddressInfo).port}/`;
}

/** A vector tells how long a history is, and its last item. */
const vectorsOf = ({ items, histories = [] }: Asked): number[][] =>
  (items?.map((item) => [item]) ?? histories).map((history) => [history.length, numberOf(history.at(-1))]);

const numberOf = (id = 'item0'): number => Number(id.slice('item'.length));

async function open(url: string, keys: object = {}): Promise<HttpBackbone> {
  const given = { url, itemsUrl: url, retries: 0, backoffSeconds: 0, ...keys };
  const backbone = new HttpBackbone(Object.assign(new HttpConfig(), given));
  await backbone.open({ ...leaveOneOut(dataset), progress });
  return backbone;
}

const sizesOf = (key: 'items' | 'histories'): number[] =>
  requests.flatMap((request) => request[key]?.length ?? []);

const sum = (sizes: readonly number[]): number => sizes.reduce((total, size) => total + size, 0);

describe('requests to a service of vectors', () => {
  before(() => tf.setBackend('cpu'));
  beforeEach(() => (requests = []));
  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
  });

  it('ask for batchSize items or histories at most, each once, and put the answers in their places', async () => {
    const backbone = await open(await serve(), { batchSize: 4 });
    assert.ok(Math.max(...sizesOf('items')) <= 4, sizesOf('items').join());
    assert.equal(sum(sizesOf('items')), dataset.itemCount);
    assert.deepEqual(sizesOf('histories'), [1]); // the one that is tried out
    requests = [];
    const histories = Array.from({ length: 10 }, (_, n) => Array.from({ length: n }, (_, i) => i + 1));
    const found = await statesOf(backbone, ...histories);
    assert.deepEqual(
      sizesOf('histories').sort((a, b) => a - b),
      [2, 4, 4],
    );
    assert.deepEqual(
      found,
      histories.map(({ length }) => [length, length]),
    );
    backbone.dispose();
  });

  it('carry the raw ids, oldest first', async () => {
    const backbone = await open(await serve());
    requests = [];
    await statesOf(backbone, [3, 1, 2]);
    assert.deepEqual(requests[0].histories, [['item3', 'item1', 'item2']]);
    backbone.dispose();
  });

  it('wait twice as long before each further try', async () => {
    const url = await serve(503, 503, 503, 503);
    const tries = postJson(url, {}, { ...options, retries: 3, backoffSeconds: 0.05 });
    await assert.rejects(tries, (error: unknown) => {
      assert.ok(error instanceof OutsideError, String(error));
      assert.match(error.message, /answered 503 .* \(4 tries\)\.$/);
      return true;
    });
    assert.equal(requests.length, 4);
    const pauses = requests.slice(1).map(({ time }, n) => time - requests[n].time);
    // A timer may be early by a millisecond; a slow machine only makes the pauses longer.
    for (const [n, least] of [50, 100, 200].entries())
      assert.ok(pauses[n] > least - 5, `${pauses.map(Math.round).join()} ms`);
  });

  it('are made again after the answer 429, too many at a time', async () => {
    const url = await serve(429);
    assert.deepEqual(await postJson(url, { items: ['item7'] }, { ...options, retries: 1 }), {
      vectors: [[1, 7]],
    });
    assert.equal(requests.length, 2);
  });

  it('are made once only after an answer that will stay the same', async () => {
    const url = await serve(404);
    await assert.rejects(postJson(url, {}, { ...options, retries: 3 }), OutsideError);
    assert.equal(requests.length, 1);
  });
});
