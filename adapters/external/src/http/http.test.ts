import assert from 'node:assert/strict';
import { type RequestListener, type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { OutsideError, UsageError, readConfig } from '@coco-rec/core';
import { readAnswer } from './answer.js';
import { type ClientOptions, postJson } from './client.js';
import { HttpConfig } from './http.js';

let server: Server | undefined;

async function serve(answer: RequestListener): Promise<string> {
  const started = createServer(answer);
  server = started;
  await new Promise<void>((done) => started.listen(0, '127.0.0.1', done));
  return `http://127.0.0.1:${(started.address() as AddressInfo).port}/`;
}

const says = (words: RegExp) => (error: unknown) => {
  assert.ok(error instanceof OutsideError, String(error));
  assert.match(error.message, words);
  return true;
};

const options: ClientOptions = { timeoutSeconds: 10, retries: 0, backoffSeconds: 0 };

describe('a service of vectors', () => {
  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
  });

  it('may be waited for a time that is no whole number of milliseconds, of a day at most', async () => {
    const url = await serve(() => undefined);
    const hangs = postJson(url, {}, { ...options, timeoutSeconds: 0.0333 });
    await assert.rejects(hangs, says(/gave no answer within 0\.0333 s\.$/));
    const read = (timeoutSeconds: number): HttpConfig =>
      readConfig(HttpConfig, { url, timeoutSeconds }, 'backbone');
    assert.equal(read(86400).timeoutSeconds, 86400);
    assert.throws(() => read(3e6), UsageError);
  });

  it('may have an underscore in its name', () => {
    const [url, itemsUrl] = ['http://rec_service:8123/vectors', 'http://rec_service:8123/items'];
    assert.equal(readConfig(HttpConfig, { url, itemsUrl }, 'backbone').url, url);
  });

  it('that sends on to no address is named', async () => {
    const url = await serve((_, response) =>
      response.writeHead(302, { location: 'http://bob:secret@[bad' }).end(),
    );
    const words =
      /^The service at \S+ sends on \(302\) to something that is no address: write [^:]* config\.$/;
    await assert.rejects(postJson(url, {}, options), says(words));
  });

  it('may not answer a number that is too large for 32 bits', () => {
    const expected = { url: 'http://there/', count: 2 };
    const vectors = [
      [1, 2],
      [3e38, 1e39],
    ];
    const words = /number 2 of vector 2 is 1e\+39; it must be finite as a 32-bit number\.$/;
    assert.throws(() => readAnswer({ vectors }, expected), says(words));
  });
});
