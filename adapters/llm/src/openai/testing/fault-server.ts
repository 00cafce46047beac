/**
 * A server with the OpenAI interface that does wrong what it is told to do wrong, in a process of its own. Without faults it
 * answers a prompt with "echo: " and the prompt, and a text with a vector of 4 numbers made of its characters.
 */
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export type Fault =
  | 'late'
  | 'too many'
  | 'too many for long'
  | 'quota'
  | 'broken'
  | 'cut'
  | 'cut within'
  | 'half a JSON'
  | 'no JSON'
  | 'empty'
  | 'no usage'
  | 'broken off'
  | 'hang'
  | 'hang within'
  | 'short vector'
  | 'vector of nothing'
  | 'vector too few'
  | 'cannot do'
  | 'wrong key'
  | 'bad prompt'
  | 'no schema';

/** What the server was sent, with its own time. */
export interface Seen {
  readonly path: string;
  readonly at: number;
  readonly authorization: string | null;
  readonly headers: readonly string[];
  readonly body: Record<string, unknown>;
}

export interface Report {
  readonly seen: readonly Seen[];
  /** Requests that were under way at once. */
  readonly mostAtOnce: number;
}

/** Sent by the tests. `faults`: one for each of the next requests, then none. */
export interface Order {
  readonly faults?: readonly Fault[];
  readonly report?: boolean;
}

let faults: Fault[] = [];
let seen: Seen[] = [];
let atOnce = 0;
let mostAtOnce = 0;

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  mostAtOnce = Math.max(mostAtOnce, ++atOnce);
  response.on('close', () => atOnce--);
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>;
  const authorization = request.headers.authorization ?? null;
  const headers = Object.keys(request.headers);
  seen.push({ path: request.url ?? '', at: performance.now(), authorization, headers, body });
  const fault = faults.shift();
  if (fault === 'late') await sleep(50);
  if (refuse(response, fault, authorization) || breakOff(response, fault)) return;
  const content = request.url === '/v1/embeddings' ? embeddings(body, fault) : completion(body, fault);
  const text = JSON.stringify(content);
  send(response, fault === 'half a JSON' ? text.slice(0, text.length / 2) : text);
}

function send(response: ServerResponse, text: string, status = 200, headers = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(text);
}

/** @returns whether the request has been refused */
function refuse(response: ServerResponse, fault: Fault | undefined, authorization: string | null): boolean {
  const refusals: Partial<Record<Fault, readonly [number, object, object?]>> = {
    'too many': [429, { message: 'slow down' }, { 'retry-after': '1' }],
    'too many for long': [429, { message: 'come back tomorrow' }, { 'retry-after': '86400' }],
    quota: [429, { message: 'pay first', code: 'insufficient_quota' }],
    broken: [500, { message: 'something\nbroke' }],
    'cannot do': [501, { message: 'start it with --embeddings' }],
    'wrong key': [401, { message: `Incorrect key: ${authorization}` }],
    'bad prompt': [400, { message: 'the prompt is too long' }],
    'no schema': [400, { message: 'response_format is not supported' }],
  };
  const refusal = fault && refusals[fault];
  if (!refusal) return false;
  const [status, error, headers] = refusal;
  send(response, JSON.stringify({ error }), status, headers);
  return true;
}

/** @returns whether there is no whole answer */
function breakOff(response: ServerResponse, fault: Fault | undefined): boolean {
  if (fault === 'hang') return true;
  if (fault === 'cut') return (response.destroy(), true);
  if (fault === 'no JSON') return (response.writeHead(200, { 'content-type': 'text/html' }).end('<p>'), true);
  if (fault !== 'cut within' && fault !== 'hang within') return false;
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': 1000 });
  response.write('{"id":', () => fault === 'cut within' && response.destroy());
  return true;
}

function completion(body: Record<string, unknown>, fault: Fault | undefined): object {
  const [{ content }] = body.messages as { content: string }[];
  const isBound = body.response_format !== undefined;
  let text = isBound ? JSON.stringify({ echo: content }) : `echo: ${content}`;
  if (fault === 'empty') text = ' \n';
  if (fault === 'broken off') text = text.slice(0, 4);
  const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };
  const choices = [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: text } }];
  return { object: 'chat.completion', choices, ...(fault === 'no usage' ? {} : { usage }) };
}

function embeddings({ input }: Record<string, unknown>, fault: Fault | undefined): object {
  const data = (input as string[]).map((text, index) => ({ index, embedding: vectorOf(text) }));
  if (fault === 'short vector') data[0].embedding.pop();
  if (fault === 'vector of nothing') data[0].embedding[0] = null as unknown as number;
  if (fault === 'vector too few') data.pop();
  // Backwards: the index tells whose a vector is.
  return { object: 'list', data: data.reverse(), usage: { prompt_tokens: 3 * (input as string[]).length } };
}

function vectorOf(text: string): number[] {
  const vector = [0, 0, 0, 0];
  [...text].forEach((character, i) => (vector[i % 4] += character.charCodeAt(0)));
  return vector;
}

const server = createServer((request, response) => void handle(request, response));
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.on('message', (order: Order) => {
  if (order.faults) {
    [faults, seen, mostAtOnce] = [[...order.faults], [], 0];
    process.send?.({});
  }
  if (order.report) process.send?.({ seen, mostAtOnce } satisfies Report);
});
process.on('disconnect', () => process.exit());
