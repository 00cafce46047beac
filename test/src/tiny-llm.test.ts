import assert from 'node:assert/strict';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type KnowledgeLLM, Random, readConfig } from '@coco-rec/core';
import { facetValues, shopSentences } from '@coco-rec/data';
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

  it('has read no held-out value', () => {
    const heldOut = (['category', 'brand', 'material', 'concern'] as const).flatMap((facet) =>
      facetValues(facet).filter((value) => value.heldOut),
    );
    const text = shopSentences(new Random(20_240).derive('training'), 5000).join('\n');
    for (const { wordings } of heldOut) assert.ok(!text.includes(wordings[0]), wordings[0]);
  });
});

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
