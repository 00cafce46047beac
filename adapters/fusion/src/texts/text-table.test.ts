/** Vectors of generated texts: which rows, by which of the language model's views. */
import assert from 'node:assert/strict';
import { type FusionContext, type KnowledgeLLM, Random, type WrittenText } from '@coco-rec/core';
import { textTable } from './text-table.js';

const silent = { report: () => undefined, log: () => undefined };

/** A model whose one vector is [length, 1], and which sees [length, 0] and [0, number of words] besides. */
const model = {
  id: 'counting',
  hiddenSize: 2,
  encode: (texts: readonly string[]) =>
    Promise.resolve(Float32Array.from(texts.flatMap((text) => [text.length, 1]))),
};
const views = {
  count: 2,
  encode: (texts: readonly string[]) =>
    Promise.resolve(Float32Array.from(texts.flatMap((text) => [text.length, 0, 0, text.split(' ').length]))),
};

const written = (text: string | undefined, flags: string[] = []): WrittenText => ({ text, flags, shown: {} });
const some = [written('soap'), written('a red lamp', ['echo']), written(undefined), written('tea for two')];

function read(
  knowledge: object,
  flagged: 'keep' | 'drop',
  textWidth = 0,
  texts = some,
): ReturnType<typeof textTable> {
  const context = { knowledge: knowledge as KnowledgeLLM, progress: silent, random: new Random(1) };
  const config = { textWidth, control: 'none', flagged } as const;
  const rows = texts.map((_, i) => i + 1);
  return textTable({ context: context as unknown as FusionContext, fusion: 'kar', kind: 'users', texts, rows, count: texts.length + 2, config }); // prettier-ignore
}

describe('textTable', () => {
  it('has a centred vector of each text, and zero where there is none or it is dropped', async () => {
    const kept = await read(model, 'keep');
    assert.deepEqual([...kept.hasText], [0, 1, 1, 0, 1, 0]);
    const { values, width } = kept.features;
    assert.equal(width, 2);
    const lengths = [4, 10, 11].map((length) => length - 25 / 3);
    [1, 2, 4].forEach((row, n) =>
      assert.ok(Math.abs(values[row * 2] / values[2] - lengths[n] / lengths[0]) < 1e-5),
    );
    const dropped = await read(model, 'drop');
    assert.deepEqual([...dropped.hasText], [0, 1, 0, 0, 1, 0]);
    assert.deepEqual([...dropped.features.values.subarray(4, 8)], [0, 0, 0, 0]);
    assert.ok(
      Math.abs(dropped.features.values[2] + dropped.features.values[8]) < 1e-6,
      'centred on what is kept',
    );
  });

  it('leaves out a text far from all others where such are dropped', async () => {
    const usual = Array.from({ length: 12 }, (_, i) => written('x'.repeat(5 + (i % 4))));
    const texts = [...usual, written('x'.repeat(500))];
    const present = async (flagged: 'keep' | 'drop'): Promise<number[]> => [
      ...(await read(model, flagged, 0, texts)).hasText,
    ];
    assert.deepEqual(await present('keep'), [0, ...texts.map(() => 1), 0]);
    assert.deepEqual(await present('drop'), [0, ...usual.map(() => 1), 0, 0]);
  });

  it('takes the views where the language model has several, as titles do', async () => {
    const { features, hasText } = await read({ ...model, views }, 'drop');
    assert.equal(features.width, 4);
    assert.deepEqual([...hasText], [0, 1, 0, 0, 1, 0]);
    const row = (n: number): number[] => [...features.values.subarray(n * 4, n * 4 + 4)];
    const [first, last] = [row(1), row(4)];
    first.forEach((value, i) => assert.ok(Math.abs(value + last[i]) < 1e-5, 'two rows, centred'));
    assert.ok(first[0] !== 0 && first[3] !== 0, 'both views count');
    assert.equal((await read({ ...model, views }, 'keep', 2)).features.width, 2);
  });
});
