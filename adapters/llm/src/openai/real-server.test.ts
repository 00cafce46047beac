/**
 * A real model behind the OpenAI interface: the server at COCO_OPENAI_TEST_URL (models by COCO_OPENAI_TEST_MODEL and
 * COCO_OPENAI_TEST_EMBEDDING_MODEL, key by OPENAI_API_KEY), else SmolLM2 on llama.cpp in another process.
 */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import type { GeneratedText } from '@coco-rec/core';
import { whyNoLlama } from '../llama-cpp/testing/smollm2.js';
import type { HostedLLM } from './hosted-llm.js';
import { openHosted } from './testing/open-hosted.js';
import { startServer, stopServer } from './testing/start-fault-server.js';

describe('openai against a real server', function () {
  this.timeout(120_000);
  let child: ChildProcess | undefined;
  let llm: HostedLLM;

  before(async function () {
    const {
      COCO_OPENAI_TEST_URL: url,
      COCO_OPENAI_TEST_MODEL,
      COCO_OPENAI_TEST_EMBEDDING_MODEL,
    } = process.env;
    const reason = url ? undefined : await whyNoLlama();
    if (reason !== undefined) {
      console.log(`      skipped: ${reason}`);
      this.skip();
    }
    let baseUrl = url ?? '';
    if (!url) ({ child, baseUrl } = await startServer('llama-server.js'));
    llm = await openHosted(baseUrl, {
      model: COCO_OPENAI_TEST_MODEL ?? 'smollm2',
      embeddingModel: COCO_OPENAI_TEST_EMBEDDING_MODEL ?? COCO_OPENAI_TEST_MODEL ?? 'smollm2',
      apiKeyVariable: url ? 'OPENAI_API_KEY' : 'COCO_TEST_KEY',
    });
  });
  after(() => child && stopServer(child));

  it('answers, and counts tokens within the forecast', async () => {
    const prompts = ['What is the capital of France?', 'What is the capital of Italy?'];
    const told: GeneratedText[] = [];
    const onAnswer = (index: number, answer: GeneratedText): void => void (told[index] = answer);
    const answers = await llm.generate(prompts, { maxTokens: 16, onAnswer });
    assert.match(answers[0], /Paris/);
    assert.match(answers[1], /Rome/);
    const forecast = await llm.forecast(prompts, { maxTokens: 16 });
    const sum = (key: 'promptTokens' | 'answerTokens'): number => told[0][key] + told[1][key];
    assert.ok(sum('promptTokens') > 10 && sum('promptTokens') <= forecast.promptTokens);
    assert.ok(sum('answerTokens') > 2 && sum('answerTokens') <= forecast.answerTokens);
  });

  it('binds an answer to a schema', async () => {
    const properties = { city: { enum: ['Paris', 'Rome'] } };
    const schema = { type: 'object', properties, required: ['city'], additionalProperties: false };
    const [answer] = await llm.generate(['Name a city, as JSON.'], { maxTokens: 32, schema });
    assert.match((JSON.parse(answer) as { city: string }).city, /^(Paris|Rome)$/);
  });

  it('gives like texts like vectors', async () => {
    const vectors = await llm.encode(['a warm tent', 'a warm tent', 'lavender soap for the night']);
    const H = llm.hiddenSize; // learnt by then
    const [a, b, c] = [0, 1, 2].map((i) => vectors.subarray(i * H, (i + 1) * H));
    const distance = (x: Float32Array, y: Float32Array): number =>
      Math.hypot(...x.map((value, i) => value - y[i]));
    assert.ok(H > 1 && distance(a, c) > 0);
    assert.ok(distance(a, b) < distance(a, c) / 100, `${distance(a, b)}, ${distance(a, c)}`);
  });
});
