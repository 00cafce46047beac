/**
 * A service that answers histories with vectors, run as a process of its own by `vector-service.ts`. What it does is in
 * the address: `/vectors` and `/items` are as they should be, the others are ill.
 */
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import { historyVector, itemVector } from './made-up-vectors.js';

interface Request {
  readonly histories?: readonly (readonly string[])[];
  readonly items?: readonly string[];
}

type Answer = (request: Request, response: ServerResponse) => void;

const vectorsOf = ({ histories = [] }: Request): number[][] =>
  histories.map((history) => historyVector(history));

const send = (response: ServerResponse, body: unknown, status = 200): void => {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
};

let flaky = 0;
let left = Number(process.argv[3]);

const answers: Readonly<Record<string, Answer>> = {
  '/vectors': (request, response) => send(response, { vectors: vectorsOf(request) }),
  '/items': ({ items = [] }, response) =>
    send(response, { vectors: items.map((item) => (item === 'item30' ? null : itemVector(item))) }),
  '/hangs': () => undefined,
  '/page': (_, response) =>
    response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Welcome</html>'),
  '/other': (_, response) => send(response, { embeddings: [] }),
  '/wide': (request, response) =>
    send(response, { vectors: vectorsOf(request).map((vector) => [...vector, 1]) }),
  '/few': (_, response) => send(response, { vectors: [] }),
  '/empty': (request, response) =>
    send(response, { vectors: vectorsOf(request).map((vector) => [vector[0], null, ...vector.slice(2)]) }),
  '/fails': (_, response) => send(response, { error: 'out of memory' }, 500),
  '/forbids': (_, response) => send(response, { error: 'no token' }, 403),
  // Two answers of three are 503.
  '/flaky': (request, response) =>
    ++flaky % 3 === 0 ? send(response, { vectors: vectorsOf(request) }) : send(response, {}, 503),
  // Breaks off in the middle of an answer once `left` requests are answered.
  '/dies': (request, response) => {
    if (left-- > 0) return send(response, { vectors: vectorsOf(request) });
    response.writeHead(200, { 'content-length': '1000' }).write('{"vectors": [[');
    setTimeout(() => process.exit(1), 20);
  },
  // Answers no more once `left` requests are answered.
  '/stalls': (request, response) => {
    if (left-- > 0) send(response, { vectors: vectorsOf(request) });
  },
  '/moved': (_, response) =>
    response.writeHead(301, { location: 'http://bob:secret@127.0.0.1:1/vectors' }).end(),
  '/strict': (request, response) =>
    request.histories?.some((history) => history.length === 0)
      ? send(response, { error: 'histories must not be empty' }, 422)
      : send(response, { vectors: vectorsOf(request) }),
  '/hollow': ({ items = [], histories = [] }, response) =>
    send(response, { vectors: [...items, ...histories].map(() => []) }),
  '/ignorant': ({ items = [] }, response) => send(response, { vectors: items.map(() => null) }),
  '/secret': (request, response) => send(response, { vectors: vectorsOf(request) }),
};

function answer(request: IncomingMessage, response: ServerResponse): void {
  const { pathname } = new URL(request.url ?? '', 'http://localhost');
  const isAllowed = pathname !== '/secret' || request.headers.authorization === 'Bearer open sesame';
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', () => {
    if (!isAllowed) return send(response, {}, 401);
    (answers[pathname] ?? answers['/fails'])(
      JSON.parse(Buffer.concat(parts).toString()) as Request,
      response,
    );
  });
}

const server = createServer(answer).listen(Number(process.argv[2]), '127.0.0.1', () => {
  process.send?.((server.address() as { port: number }).port);
});
process.once('disconnect', () => process.exit(0));
