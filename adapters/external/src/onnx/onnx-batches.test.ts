import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mock } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { leaveOneOut } from '@coco-rec/core';
import { testDataset } from '@coco-rec/core/testing';
import { type SumGraph, sumGraph } from '../testing/onnx-graph.js';
import { statesOf } from '../testing/states-of.js';
import { OnnxBackbone, OnnxConfig } from './onnx.js';
import { OnnxSession } from './session.js';
import { readVocabulary } from './vocabulary.js';

const folder = mkdtempSync(join(tmpdir(), 'coco-onnx-batches-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const dataset = testDataset();
const progress = { report: () => undefined, log: () => undefined } as const;

/** The model knows the items 1 to 8, by numbers of its own. */
const numberOf = (item: number): number => 9 - item;
const known = [1, 2, 3, 4, 5, 6, 7, 8];
const unknown = 20;

/** The sum over a history tells how many items were read, and which: the number 0 and that of padding are seen too. */
const rows = Array.from({ length: 10 }, (_, number) => [1, 3 ** number]);
const stateOf = (...history: number[]): number[] => [
  history.length,
  history.reduce((sum, item) => sum + 3 ** numberOf(item), 0),
];

function write(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const vocabulary = write(
  'vocabulary.csv',
  `id,number\n${known.map((item) => `item${item},${numberOf(item)}\n`).join('')}`,
);
const items = write('items.csv', `id,x,y\n${known.map((item) => `item${item},${item},1\n`).join('')}`);

const opened: OnnxBackbone[] = [];
const recordRuns = () => mock.method(OnnxSession.prototype, 'run').mock;
let runs: ReturnType<typeof recordRuns>;

/** A backbone with nothing kept, and no run counted. */
async function open(keys: object = {}, sizes: Omit<SumGraph, 'rows'> = {}): Promise<OnnxBackbone> {
  const model = write('sum.onnx', sumGraph({ rows, ...sizes }));
  const config = Object.assign(new OnnxConfig(), { model, vocabulary, items, maskInput: 'mask' }, keys);
  const backbone = new OnnxBackbone(config);
  opened.push(backbone);
  await backbone.open({ ...leaveOneOut(dataset), progress });
  runs.resetCalls();
  return backbone;
}

/** What the runs since were given, run by run. */
const given = (key: 'items' | 'mask' | 'lengths'): number[][] =>
  runs.calls.map(({ arguments: [batch] }) => [...batch[key]]);

const numbersOf = (...history: number[]): number[] => history.map(numberOf);

describe('histories that an ONNX model reads at a time', () => {
  before(() => tf.setBackend('cpu'));
  beforeEach(() => (runs = recordRuns()));
  afterEach(() => {
    mock.restoreAll();
    for (const backbone of opened.splice(0)) backbone.dispose();
  });

  it('each get the state that they have alone, whatever their lengths', async () => {
    const histories = [[1, 2, 3], [4], [5, 6]];
    const together = await statesOf(await open(), ...histories);
    assert.equal(runs.callCount(), 1);
    const alone: number[][] = [];
    for (const history of histories) alone.push(...(await statesOf(await open(), history)));
    assert.deepEqual(together, alone);
    assert.deepEqual(
      together,
      histories.map((history) => stateOf(...history)),
    );
  });

  it('are cut to the newest items for a graph of a fixed length', async () => {
    const backbone = await open({}, { length: 3 });
    assert.deepEqual(await statesOf(backbone, [1, 2, 3, 4, 5]), [stateOf(3, 4, 5)]);
    assert.deepEqual(given('items'), [numbersOf(3, 4, 5)]);
  });

  it('are padded to the fixed length of a graph', async () => {
    const backbone = await open({}, { length: 4 });
    assert.deepEqual(await statesOf(backbone, [1, 2]), [stateOf(1, 2)]);
    assert.deepEqual(given('items'), [[...numbersOf(1, 2), 0, 0]]);
  });

  const sides = [
    { padding: 'right', items: [8, 9, 9, 7, 6, 5], mask: [1, 0, 0, 1, 1, 1] },
    { padding: 'left', items: [9, 9, 8, 7, 6, 5], mask: [0, 0, 1, 1, 1, 1] },
  ];
  for (const { padding, ...expected } of sides) {
    it(`are padded on the ${padding} with the number of padding, which the mask covers`, async () => {
      const backbone = await open({ padding, paddingNumber: 9 });
      assert.deepEqual(await statesOf(backbone, [1], [2, 3, 4]), [stateOf(1), stateOf(2, 3, 4)]);
      assert.deepEqual(given('items'), [expected.items]);
      assert.deepEqual(given('mask'), [expected.mask]);
      assert.deepEqual(given('lengths'), [[1, 3]]);
    });
  }

  it('are no more than batchSize, the rest in a last run', async () => {
    const backbone = await open({ batchSize: 2 });
    const histories = [[1], [2], [3], [4], [5]];
    const found = await statesOf(backbone, ...histories);
    assert.deepEqual(given('lengths'), [[1, 1], [1, 1], [1]]);
    assert.deepEqual(
      found,
      histories.map((history) => stateOf(...history)),
    );
  });

  it('are as many as the graph is made for: the last fills what is left', async () => {
    const backbone = await open({}, { batch: 2 });
    const found = await statesOf(backbone, [1], [2, 3], [4, 5, 6]);
    assert.deepEqual(given('lengths'), [
      [1, 2],
      [3, 3],
    ]);
    assert.deepEqual(found, [stateOf(1), stateOf(2, 3), stateOf(4, 5, 6)]);
  });

  it('leave out the items that the model does not know', async () => {
    const [mixed] = await statesOf(await open(), [1, unknown, 2]);
    const [without] = await statesOf(await open(), [1, 2]);
    assert.deepEqual(mixed, without);
    assert.deepEqual(mixed, stateOf(1, 2));
  });

  it('have the state zero without an item that the model knows, and are not run', async () => {
    const backbone = await open();
    assert.deepEqual(await statesOf(backbone, [unknown], [], [unknown, 3]), [[0, 0], [0, 0], stateOf(3)]);
    assert.deepEqual(given('lengths'), [[1]]);
  });
});

describe('a vocabulary with its columns the other way round', () => {
  it('gives the same numbers', async () => {
    const lines = known.map((item) => `${numberOf(item)},item${item}\n`).join('');
    const turned = write('turned.csv', `number,id\n${lines}`);
    const numbers = await readVocabulary(turned, dataset.items);
    assert.deepEqual(numbers, await readVocabulary(vocabulary, dataset.items));
    assert.equal(numbers[1], numberOf(1));
  });
});
