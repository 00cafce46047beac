import { createHash } from 'node:crypto';
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the server does wrong; empty: nothing. */
export interface Faults {
  /** The next downloads of large files are cut, each after so many bytes. */
  cuts?: number[];
  /** Sends other bytes of the same length. */
  wrongBytes?: boolean;
  /** Takes no notice of Range. */
  ignoresRange?: boolean;
  /** Answers every request with this status. */
  status?: number;
}

/** A repository server on this machine, as far as downloads go. Keeps what it was asked. */
export interface HubServer {
  readonly endpoint: string;
  readonly faults: Faults;
  /** "/path range token" of each request. */
  readonly requests: string[];
  close(): Promise<void>;
}

export const commit = 'c0ffee'.repeat(6) + 'c0ff';

/** Serves the files as the repository "tiny/llama"; those of 400 bytes and more as large files. */
export async function startHubServer(files: ReadonlyMap<string, Uint8Array>): Promise<HubServer> {
  const faults: Faults = {};
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const path = (request.url ?? '').split('?')[0];
    requests.push([path, request.headers.range ?? '-', request.headers.authorization ?? '-'].join(' '));
    if (faults.status !== undefined) return void response.writeHead(faults.status).end('no');
    if (path.startsWith('/api/models/tiny/llama/revision/'))
      return json(response, { id: 'tiny/llama', sha: commit });
    if (path === `/api/models/tiny/llama/tree/${commit}`) return json(response, [...files].map(entryOf));
    const name = decodeURIComponent(path.replace(`/tiny/llama/resolve/${commit}/`, ''));
    const content = files.get(name);
    if (!content) return void response.writeHead(404).end('no such thing');
    return send(request, response, content, faults);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { endpoint: `http://127.0.0.1:${port}`, faults, requests, close };
}

function json(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

function entryOf([path, content]: [string, Uint8Array]): object {
  const size = content.length;
  const oid = createHash('sha1').update(`blob ${size}\0`).update(content).digest('hex');
  if (size < 400) return { type: 'file', path, size, oid };
  const sha256 = createHash('sha256').update(content).digest('hex');
  return { type: 'file', path, size, oid: 'f'.repeat(40), lfs: { oid: sha256, size, pointerSize: 130 } };
}

function send(request: IncomingMessage, response: ServerResponse, content: Uint8Array, faults: Faults): void {
  const from = faults.ignoresRange ? 0 : Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
  const whole = faults.wrongBytes ? content.map((byte) => byte ^ 1) : content;
  const rest = whole.subarray(from);
  const range = from > 0 ? { 'content-range': `bytes ${from}-${content.length - 1}/${content.length}` } : {};
  response.writeHead(from > 0 ? 206 : 200, { 'content-length': rest.length, ...range });
  const cut = content.length < 400 ? undefined : faults.cuts?.shift();
  if (cut === undefined) return void response.end(rest);
  // The pause lets the client take what came: fetch drops what it has not handed out when a connection breaks.
  response.write(rest.subarray(0, cut), () => setTimeout(() => response.socket?.end(), 200));
}
