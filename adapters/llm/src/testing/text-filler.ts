/**
 * A process that has texts written into a store by a writer, and says each prompt as it is sent, each answer as it is
 * stored.
 *   node text-filler.js FOLDER PROMPTS
 */
import { createHash } from 'node:crypto';
import { writeSync } from 'node:fs';
import { type KnowledgeLLM, StoredTextWriter } from '@coco-rec/core';
import { FileTextStore } from '../text-store.js';

const [folder, count] = process.argv.slice(2);
const say = (line: string): void => void writeSync(1, `${line}\n`);

/** Answers at once, always the same to a prompt. */
const knowledge: KnowledgeLLM = {
  specVersion: 'v1',
  id: 'filler',
  capabilities: { encode: false, generate: true, differentiable: false },
  hiddenSize: 1,
  contentHash: 'filler',
  async generate(prompts, { onAnswer }) {
    for (const [index, prompt] of prompts.entries()) {
      say(`sent ${prompt}`);
      await onAnswer?.(index, {
        text: `${prompt} is so`.repeat(200),
        promptTokens: 1,
        answerTokens: 1,
        cost: 0,
      });
      say(`stored ${prompt}`);
    }
    return [];
  },
  dispose: () => undefined,
};

const writer = new StoredTextWriter({
  knowledge,
  store: new FileTextStore(folder),
  hasher: { sha256: (content) => createHash('sha256').update(content).digest('hex') },
  progress: { report: () => undefined, log: () => undefined },
});
const prompts = Array.from({ length: Number(count) }, (_, i) => ({
  text: `p${i}`,
  template: 'test 1',
  instructions: '',
  shown: { user: `u${i}`, shownUntil: 2 },
}));
say('ready');
const written = await writer.write('fill', prompts, { maxTokens: 1 });
say(`done ${written.filter(({ text }) => text !== undefined).length}`);
