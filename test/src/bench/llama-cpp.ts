/**
 * Tokens a second of the unit `llama-cpp`, one prompt at a time and several at once; and the processor time of a token, which
 * says more where other programs run beside it.
 *
 *   COCO_SMOLLM2=model.gguf node test/dist/bench/llama-cpp.js [prompts] [rounds] [threads]
 */
import { createHash } from 'node:crypto';
import { cpus, loadavg } from 'node:os';
import type { AdapterContext, KnowledgeLLM } from '@coco-rec/core';
import { LlamaCppConfig, knowledgeModels } from '@coco-rec/llm';

const [count = 32, rounds = 3, threads = cpus().length] = process.argv.slice(2).map(Number);
const maxTokens = 24;
const widths = [1, 4, 8, 16, 32, 64];

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

interface Measured {
  /** Of answers. */
  readonly tokens: number;
  readonly seconds: number;
  readonly processorSeconds: number;
}

async function measure(llm: KnowledgeLLM): Promise<Measured> {
  let tokens = 0;
  const processor = process.cpuUsage();
  const start = performance.now();
  await llm.generate?.(prompts, { maxTokens, onAnswer: (_, answer) => void (tokens += answer.answerTokens) });
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(processor);
  return { tokens, seconds, processorSeconds: (user + system) / 1e6 };
}

const measured = new Map<number, Measured[]>(widths.map((width) => [width, []]));
for (let round = 0; round < rounds; round++) {
  // All widths in every round, so that what else the machine does falls on all of them.
  for (const width of widths) {
    const llm = await open(width);
    await llm.generate?.(prompts.slice(0, 1), { maxTokens: 1 });
    const one = await measure(llm);
    llm.dispose();
    measured.get(width)?.push(one);
    const [tokens, seconds, processor] = [
      one.tokens,
      one.seconds.toFixed(1),
      one.processorSeconds.toFixed(1),
    ];
    const load = loadavg()[0].toFixed(1);
    console.log(
      `${width} at once: ${tokens} tokens in ${seconds} s (processor ${processor} s), load ${load}`,
    );
  }
}

function median(width: number, of: (one: Measured) => number): number {
  const values = (measured.get(width) ?? []).map(of).sort((a, b) => a - b);
  return values[values.length >> 1];
}

const rate = (width: number): number => median(width, ({ tokens, seconds }) => tokens / seconds);
const time = (width: number): number =>
  median(width, ({ tokens, processorSeconds }) => (1000 * processorSeconds) / tokens);
console.log('\n| prompts at once | tokens a second | times one | processor ms a token | times one |');
console.log('| --- | --- | --- | --- | --- |');
for (const width of widths) {
  const cells = [rate(width).toFixed(1), (rate(width) / rate(1)).toFixed(2)];
  const ofProcessor = [time(width).toFixed(1), (time(1) / time(width)).toFixed(2)];
  console.log(`| ${[width, ...cells, ...ofProcessor].join(' | ')} |`);
}
