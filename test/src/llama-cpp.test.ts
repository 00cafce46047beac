/** llama.cpp and this project's own decoder read the same model alike. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import type { AdapterContext, GeneratedText, KnowledgeLLM } from '@coco-rec/core';
import { startEngine } from '@coco-rec/engine';
import { LlamaCppConfig, LocalConfig, knowledgeModels } from '@coco-rec/llm';

const model = process.env.COCO_SMOLLM2 ?? '';

async function open(id: 'local' | 'llama-cpp', config: object): Promise<KnowledgeLLM> {
  const context = {
    progress: { report: () => undefined, log: () => undefined },
    hasher: { sha256: (content: string) => createHash('sha256').update(content).digest('hex') },
  };
  const unit = knowledgeModels.find((one) => one.id === id);
  assert.ok(unit);
  return unit.create(config, context as unknown as AdapterContext);
}

describe('SmolLM2-135M Q4_1 on llama.cpp', function () {
  this.timeout(300_000);
  let own: KnowledgeLLM;
  let other: KnowledgeLLM;

  before(async function () {
    const skip = (reason: string): never => {
      console.log(`      skipped: ${reason}`);
      return this.skip();
    };
    if (!existsSync(model)) skip(`the model (COCO_SMOLLM2) is not at "${model}"`);
    await startEngine(process.env.COCO_TEST_ENGINE ?? 'auto');
    const changes = { model, chat: false, threads: 1, contextSize: 256 };
    other = await open('llama-cpp', Object.assign(new LlamaCppConfig(), changes)).catch((error: Error) =>
      /is not installed/.test(error.message) ? skip(error.message) : Promise.reject(error),
    );
    own = await open('local', Object.assign(new LocalConfig(), { model, pooling: 'last', chat: false }));
  });
  after(() => {
    own?.dispose();
    other?.dispose();
  });

  it('continues prompts with the same words, from as many tokens', async () => {
    const prompts = ['The capital of France is', 'One, two, three,'];
    const answersOf = async (llm: KnowledgeLLM): Promise<GeneratedText[]> => {
      const answers: GeneratedText[] = [];
      await llm.generate?.(prompts, { maxTokens: 3, onAnswer: (i, answer) => void (answers[i] = answer) });
      return answers;
    };
    const expected = await answersOf(own);
    assert.match(expected[0].text, /Paris/);
    assert.deepEqual(await answersOf(other), expected);
  });

  it('a text’s vector is its last token’s state', async () => {
    const texts = ['a warm tent', 'lavender soap for the night', ''];
    const H = own.hiddenSize;
    assert.equal(other.hiddenSize, H);
    const [a, b] = [await own.encode?.(texts), await other.encode?.(texts)];
    assert.ok(a && b);
    const cosine = (x: number, y: number): number =>
      tf.tidy(() => {
        const [u, v] = [tf.tensor1d(a.slice(x * H, (x + 1) * H)), tf.tensor1d(b.slice(y * H, (y + 1) * H))];
        return tf.div(tf.dot(u, v), tf.mul(tf.norm(u), tf.norm(v))).dataSync()[0];
      });
    assert.ok(cosine(0, 0) > 0.98, String(cosine(0, 0)));
    assert.ok(cosine(1, 1) > 0.98, String(cosine(1, 1)));
    assert.ok(cosine(0, 1) < 0.9, String(cosine(0, 1)));
    assert.ok(b.subarray(2 * H).every((value) => value === 0));
  });
});
