import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { checkConfig } from './load-config.js';
import { differingKeys, methodKeys, tellingNames } from './method-names.js';

const config = (keys: object = {}): ReturnType<typeof checkConfig> =>
  checkConfig({ data: { format: 'recbole', path: 'data/beauty', text: ['title'] }, ...keys });
const differ = (...configs: ReturnType<typeof config>[]): string[] => differingKeys(configs.map(methodKeys));

describe('methods of finished runs', () => {
  it('are the same whatever their seed, engine and folders, and however a unit is written', () => {
    const moved = { data: { format: 'recbole', path: '/elsewhere/beauty', text: ['title'] } };
    const other = { seed: 4, engine: 'wasm', output: 'runs/x', fusions: { text: { textWidth: 9 } } };
    assert.deepEqual(differ(config(), config({ ...moved, ...other })), []);
    assert.deepEqual(differ(config({ backbone: 'sasrec' }), config({ backbone: { id: 'sasrec' } })), []);
  });

  it('differ in keys and, where a unit is another one, in that unit as a whole', () => {
    const small = config({ backbone: { id: 'sasrec', dimension: 16 }, train: { epochs: 3 } });
    assert.deepEqual(differ(config(), small), ['backbone.dimension', 'train.epochs']);
    const fdsa = config({
      backbone: { id: 'fdsa', dimension: 16 },
      train: { loss: { id: 'bce', negatives: 1 } },
    });
    assert.deepEqual(differ(small, fdsa), ['backbone', 'train.epochs', 'train.loss']);
    assert.deepEqual(differ(config(), config({ data: { format: 'recbole', path: 'x', text: ['brand'] } })), [
      'data.text',
    ]);
  });

  it('have names that tell them apart', () => {
    const small = config({ backbone: { id: 'sasrec', dimension: 16 } });
    const text = config({ fusion: 'text' });
    assert.deepEqual(tellingNames([config(), text]), ['sasrec', 'sasrec + text']);
    assert.deepEqual(tellingNames([config(), small, config({ backbone: 'bert4rec' })]), [
      'sasrec (backbone.dimension=default)',
      'sasrec (backbone.dimension=16)',
      'bert4rec',
    ]);
    const bce = config({ train: { loss: 'bce' } });
    assert.deepEqual(tellingNames([config(), bce]), [
      'sasrec (train.loss=softmax)',
      'sasrec (train.loss=bce)',
    ]);
  });
});
