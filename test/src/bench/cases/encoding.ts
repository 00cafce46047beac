import { type KnowledgeLLM, type Strings, readConfig } from '@coco-rec/core';
import { createContext, loadDataset } from '@coco-rec/standard';
import { openModel, tokensPerPass } from '@coco-rec/llm';
import { type BenchCase, repeated } from '../bench-case.js';
import { configFor } from '../beauty.js';
import { type BenchOptions, needsData, needsModel } from '../options.js';
import { torch } from '../peers/known-peers.js';
import { decoderGigaflop } from '../work.js';

/** One title in this many is read. */
const oneIn = 64;

export const encoding: BenchCase = {
  id: 'encoding',
  summary: 'vectors of all titles with all blocks of SmolLM2',
  peers: [torch('encoding', { tokensPerPass })],
  missing: (options) => needsData(options) ?? needsModel(options),
  run: async (context) => {
    const { options } = context;
    const config = configFor(options, options.engine);
    const { registry, context: adapters } = createContext(config.output);
    const { texts } = await loadDataset(config, registry, adapters);
    const all = titles(texts);
    const local = registry.get('knowledge', 'local');
    const settings = readConfig(local.config, { model: options.model }, 'knowledge');
    // Without the store: it would remember the vectors.
    const model: KnowledgeLLM = await local.create(settings, { ...adapters, knowledge: undefined });
    const sample = all.filter((_, i) => i % oneIn === 0);
    const times = await repeated(context, () => model.encode?.(sample));
    const lengths = all.map((text) => model.decoder?.tokenize(text, 64).length ?? 0);
    model.dispose();
    const sampled = lengths.filter((_, i) => i % oneIn === 0);
    const [total, read] = [lengths, sampled].map((some) => some.reduce((a, b) => a + b, 0));
    return [
      {
        name: `encoding ${all.length.toLocaleString('en')} titles with all blocks`,
        unit: 's',
        values: times.values.map((value) => (value * total) / read),
        processorValues: times.processorValues.map((value) => (value * total) / read),
        gigaflop: gigaflopOf(options, lengths),
        note: `extrapolated by tokens from ${sample.length} titles; they have ${total} tokens in all`,
        peerInput: { lengths: sampled, totalTokens: total },
      },
    ];
  },
};

function titles(texts: Strings | undefined): string[] {
  return Array.from({ length: texts?.length ?? 0 }, (_, i) => texts?.get(i) ?? '').filter(Boolean);
}

function gigaflopOf({ model }: BenchOptions, lengths: readonly number[]): number {
  const { config } = openModel(model);
  return lengths.reduce((sum, T) => sum + decoderGigaflop(config, config.numLayers, 1, T), 0);
}
