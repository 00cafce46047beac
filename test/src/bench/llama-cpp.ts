/**
 * Tokens a second of the unit `llama-cpp`, one prompt at a time and several at once.
 *
 *   COCO_SMOLLM2=model.gguf node test/dist/bench/llama-cpp.js [prompts] [rounds] [threads]
 */
import { createHash } from 'node:crypto';
import { cpus, loadavg } from 'node:os';
import type { AdapterContext, KnowledgeLLM } from '@coco-rec/core';
import { LlamaCppConfig, knowledgeModels } from '@coco-rec/llm';

const [count = 32, rounds = 3, threads = cpus().length] = process.argv.slice(2).map(Number);
const maxTokens = 24;
const widths = [1, 4, 8, 16, 32];

const context = {
  progress: { report: () => undefined, log: console.log },
  hasher: { sha256: (content: string) => createHash('sha256').update(content).digest('hex') },
} as unknown as AdapterContext;

const things = ['tent', 'soap', 'lamp', 'shampoo', 'kettle', 'blanket', 'perfume', 'backpack'];
/** As in extraction: a template, then what differs. */
const prompts = Array.from({ length: count }, (_, i) => {
  const bought = [0, 1, 3].map((step) => things[(i + step * (1 + (i % 5))) % things.length]);
  return `A customer bought, oldest first: ${bought.join(', ')}, order ${i}. In one sentence, what does this customer like?`;
});

async function open(sequences: number): Promise<KnowledgeLLM> {
  const unit = knowledgeModels.find(({ id }) => id === 'llama-cpp');
  const config = { model: process.env.COCO_SMOLLM2 ?? '', sequences, contextSize: 256, threads };
  if (!unit) throw new Error('There is no unit "llama-cpp".');
  return unit.create(Object.assign(new LlamaCppConfig(), config), context);
}

/** @returns tokens of answers, and seconds */
async function measure(llm: KnowledgeLLM): Promise<{ tokens: number; seconds: number }> {
  let tokens = 0;
  const start = performance.now();
  await llm.generate?.(prompts, { maxTokens, onAnswer: (_, answer) => void (tokens += answer.answerTokens) });
  return { tokens, seconds: (performance.now() - start) / 1000 };
}

const rates = new Map<number, number[]>(widths.map((width) => [width, []]));
for (let round = 0; round < rounds; round++) {
  // All widths in every round, so that what else the machine does falls on all of them.
  for (const width of widths) {
    const llm = await open(width);
    await llm.generate?.(prompts.slice(0, 1), { maxTokens: 1 });
    const { tokens, seconds } = await measure(llm);
    llm.dispose();
    rates.get(width)?.push(tokens / seconds);
    const load = loadavg()[0].toFixed(1);
    console.log(`${width} at once: ${tokens} tokens in ${seconds.toFixed(1)} s, load ${load}`);
  }
}

const medianOf = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1];
const single = medianOf(rates.get(1) ?? []);
console.log('\n| prompts at once | tokens a second, median | times one at a time |\n| --- | --- | --- |');
for (const [width, values] of rates) {
  const rate = medianOf(values);
  console.log(`| ${width} | ${rate.toFixed(1)} | ${(rate / single).toFixed(2)} |`);
}
