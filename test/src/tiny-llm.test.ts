import assert from 'node:assert/strict';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type KnowledgeLLM, Random, readConfig } from '@coco-rec/core';
import { facetValues, shopSentences, shopTextPairs, simulateShop } from '@coco-rec/data';
import { startEngine } from '@coco-rec/engine';
import { createContext } from '@coco-rec/standard';

const folder = join(import.meta.dirname, '../../adapters/llm/assets/tiny');

describe('the embedded tiny language model', function () {
  this.timeout(120_000);
  let model: KnowledgeLLM;

  before(async () => {
    await startEngine(process.env.COCO_TEST_ENGINE ?? 'wasm');
    const { registry, context } = createContext('runs/none');
    const descriptor = registry.get('knowledge', 'tiny');
    model = await descriptor.create(readConfig(descriptor.config, {}, 'knowledge'), {
      ...context,
      knowledge: undefined,
    });
  });

  after(() => model?.dispose());

  it('takes at most 6 MB', () => {
    const bytes = readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
    assert.ok(bytes <= 6_000_000, `${bytes} bytes`);
  });

  for (const facet of ['category', 'material', 'concern'] as const) {
    it(`holds wordings of one ${facet} for alike, and related ones for more alike than others`, async () => {
      const values = facetValues(facet).filter(({ heldOut, neutral }) => !heldOut && !neutral);
      const named = values.flatMap((value) => value.wordings.map((wording) => ({ value, wording })));
      const vectors = centred(
        (await model.encode?.(named.map(({ wording }) => `People who look for ${wording}`))) ??
          new Float32Array(),
        model.hiddenSize,
      );
      const sums = { same: [0, 0], related: [0, 0], other: [0, 0] };
      named.forEach((a, i) =>
        named.slice(0, i).forEach((b, j) => {
          const kind = a.value === b.value ? 'same' : a.value.group === b.value.group ? 'related' : 'other';
          sums[kind][0] += dot(vectors[i], vectors[j]);
          sums[kind][1]++;
        }),
      );
      const [same, related, other] = Object.values(sums).map(([sum, count]) => sum / count);
      assert.ok(same > related && related > other + 0.05, `${same} ${related} ${other}`);
    });
  }

  it('finds an item’s description by its title, among 300', async () => {
    const { catalogue } = simulateShop({ items: 300, users: 1 });
    const [titles, descriptions] = await Promise.all(
      [catalogue.map(({ title }) => title), catalogue.map(({ description }) => description)].map(
        async (texts) => centred((await model.encode?.(texts)) ?? new Float32Array(), model.hiddenSize),
      ),
    );
    const found = titles.filter((title, i) => {
      const own = dot(title, descriptions[i]);
      return descriptions.every((other, j) => j === i || dot(title, other) < own);
    });
    const share = found.length / titles.length;
    assert.ok(share > 0.7, `${share}`);
  });

  it('has read no held-out value', () => {
    const heldOut = (['category', 'brand', 'material', 'concern'] as const).flatMap((facet) =>
      facetValues(facet).filter((value) => value.heldOut),
    );
    const random = new Random(20_240);
    const sentences = shopSentences(random.derive('training'), 5000);
    const pairs = shopTextPairs(random.derive('pairs'), 5000);
    const text = [...sentences, ...pairs.flat()].join('\n').toLowerCase();
    for (const { wordings } of heldOut) assert.ok(!named(wordings[0], text), wordings[0]);
  });
});

/** The wording stands in the text as words of their own. @param text in lower case */
function named(wording: string, text: string): boolean {
  const around = (place: number): boolean => /\p{L}/u.test(text.charAt(place));
  const sought = wording.toLowerCase();
  for (let at = text.indexOf(sought); at >= 0; at = text.indexOf(sought, at + 1))
    if (!around(at - 1) && !around(at + sought.length)) return true;
  return false;
}

function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + value * b[i], 0);
}

/** Rows less their mean, of length 1. */
function centred(values: Float32Array, H: number): Float32Array[] {
  const rows = Array.from({ length: values.length / H }, (_, i) => values.subarray(i * H, (i + 1) * H));
  const mean = Float32Array.from(
    { length: H },
    (_, j) => rows.reduce((sum, row) => sum + row[j], 0) / rows.length,
  );
  return rows.map((row) => {
    const moved = row.map((value, j) => value - mean[j]);
    const norm = Math.sqrt(dot(moved, moved));
    return moved.map((value) => value / norm);
  });
}
