/** A real model behind the OpenAI interface, in a process of its own: SmolLM2 on llama.cpp, and what little HTTP it takes. */
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { GeneratedText } from '@coco-rec/core';
import { openSmolLM2 } from '../../llama-cpp/testing/smollm2.js';

interface Body {
  readonly model: string;
  readonly messages: readonly { readonly content: string }[];
  readonly max_tokens: number;
  readonly input: readonly string[];
  readonly response_format?: { readonly json_schema: { readonly schema: Record<string, unknown> } };
}

const llm = await openSmolLM2({ sequences: 1, contextSize: 256 });
/** One after another: the model has one sequence. */
let last: Promise<unknown> = Promise.resolve();

async function completion({ messages, max_tokens: maxTokens, response_format }: Body): Promise<object> {
  let answer: GeneratedText | undefined;
  const schema = response_format?.json_schema.schema;
  await llm.generate([messages[0].content], {
    maxTokens,
    schema,
    onAnswer: (_, made) => void (answer = made),
  });
  if (!answer) throw new Error('there is no answer');
  const usage = { prompt_tokens: answer.promptTokens, completion_tokens: answer.answerTokens };
  const message = { role: 'assistant', content: answer.text };
  return { object: 'chat.completion', choices: [{ index: 0, finish_reason: 'stop', message }], usage };
}

async function embeddings({ input }: Body): Promise<object> {
  const vectors = await llm.encode(input);
  const H = llm.hiddenSize;
  const data = input.map((_, index) => ({
    object: 'embedding',
    index,
    embedding: [...vectors.subarray(index * H, (index + 1) * H)],
  }));
  return { object: 'list', data };
}

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = JSON.parse(Buffer.concat(chunks).toString()) as Body;
  const work = last.then(() => (request.url === '/v1/embeddings' ? embeddings(body) : completion(body)));
  last = work.catch(() => undefined);
  const [status, content] = await work.then(
    (made) => [200, made] as const,
    (error: Error) => [500, { error: { message: error.message } }] as const,
  );
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(content));
}

const server = createServer((request, response) => void handle(request, response));
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.on('disconnect', () => process.exit());
