/** Where training drops out: each place takes a key of the pass, so that the keys taken count the places. */
import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import {
  type BackboneDescriptor,
  Parameters,
  Pass,
  Random,
  causalMask,
  disposeBatch,
  makeBatch,
  paddingMask,
  trainingSequences,
} from '@coco-rec/core';
import { bert4rec } from './bert4rec.js';
import { bsarec } from './bsarec.js';
import { fdsa } from './fdsa.js';
import { bertEncode, buildBertEncoder } from './layers/bert-encoder.js';
import {
  type TransformerBlock,
  type TransformerOptions,
  buildTransformerBlock,
  transformChosen,
  transformRows,
  transformerBlock,
} from './layers/transformer-block.js';
import { pinnerformer } from './pinnerformer.js';
import { s3rec } from './s3rec.js';
import { sasrec } from './sasrec.js';
import { assertClose, historiesBatch, shake, smallWorld } from './small-world.test.js';

const shape = { dimension: 8, maxLength: 6, numLayers: 2, numHeads: 2, dropout: 0.3 };
const histories = [[5], [1, 2, 3, 4], [9, 8, 7, 6, 5, 4]];

/** How many keys a pass of this step key has handed out. */
function keysTaken(pass: Pass, key: number): number {
  const next = pass.nextKey();
  const fresh = Pass.train(key);
  return Array.from({ length: 40 }, () => fresh.nextKey()).indexOf(next);
}

type Encode = (pass: Pass) => number[];

/** Calls `use` with the states of all places, and with those of the rows, as functions of the pass. */
async function withEncoder(
  descriptor: BackboneDescriptor,
  keys: object,
  use: (encode: Encode, encodeRows: Encode) => void,
): Promise<void> {
  const { backbone, parameters } = smallWorld(descriptor, { ...shape, ...keys });
  const batch = await backbone.prepare(historiesBatch(histories, shape.maxLength));
  const items = backbone.itemVectors();
  use(
    (pass) => tf.tidy(() => [...backbone.encode(batch, items, pass).dataSync()]),
    (pass) => tf.tidy(() => [...backbone.encodeRows(batch, items, pass).h.dataSync()]),
  );
  disposeBatch(batch);
  parameters.dispose();
}

function differ(a: readonly number[], b: readonly number[]): boolean {
  assert.equal(a.length, b.length);
  return a.some((value, i) => Math.abs(value - b[i]) > 1e-4);
}

/** Two blocks each. A block: attention weights, attention's output, the feed-forward layer's; some its inner values too. */
const models: readonly (readonly [descriptor: BackboneDescriptor, keys: object, places: number])[] = [
  [sasrec, { norm: 'pre' }, 1 + 2 * 4],
  [sasrec, { norm: 'post' }, 1 + 2 * 4],
  [pinnerformer, {}, 1 + 2 * 4],
  [bsarec, { transform: 'padded' }, 1 + 2 * 4], // the filter's output, and no inner values
  [bsarec, { transform: 'history' }, 1 + 2 * 4],
  [bert4rec, { attentionDropout: 0.3 }, 1 + 2 * 3],
  [bert4rec, { attentionDropout: 0 }, 1 + 2 * 2],
  [bert4rec, { attentionDropout: 0.3, dropout: 0 }, 2],
  [bert4rec, { attentionDropout: 0, dropout: 0 }, 0],
  [s3rec, {}, 1 + 2 * 3],
  [fdsa, { output: 'norm' }, 2 * (1 + 2 * 3) + 1], // of two streams, and of what joins them
  [fdsa, { output: 'none' }, 2 * (1 + 2 * 3)],
];

describe('dropout of the backbones', () => {
  before(() => tf.setBackend('cpu'));

  for (const [descriptor, keys, places] of models) {
    it(`is at ${places} places of ${descriptor.id}: ${JSON.stringify(keys)}`, async () => {
      await withEncoder(descriptor, keys, (encode, encodeRows) => {
        for (const way of [encode, encodeRows]) {
          const pass = Pass.train(11);
          way(pass);
          assert.equal(keysTaken(pass, 11), places);
        }
      });
    });
  }

  for (const { descriptor, key } of [
    ...[sasrec, pinnerformer, bsarec, bert4rec, s3rec, fdsa].map((one) => ({
      descriptor: one,
      key: 'dropout',
    })),
    { descriptor: bert4rec, key: 'attentionDropout' },
  ]) {
    it(`changes ${descriptor.id}'s states in training alone, by the step's key and the rate: ${key}`, async () => {
      const none = { dropout: 0, attentionDropout: 0 };
      const keysOf = (rate: number): object =>
        descriptor === bert4rec ? { ...none, [key]: rate } : { [key]: rate };
      const found: number[][] = [];
      for (const rate of [0.3, 0.6]) {
        await withEncoder(descriptor, keysOf(rate), (encode) => {
          const trained = encode(Pass.train(1));
          assert.ok(differ(trained, encode(Pass.predict)), 'training, prediction');
          assert.ok(differ(trained, encode(Pass.train(2))), 'another key');
          assertClose(trained, encode(Pass.train(1)), 0);
          found.push(trained);
        });
      }
      assert.ok(differ(found[0], found[1]), 'another rate');
    });
  }

  it('is in the pre-training of S3-Rec too: in its sequences, and in its segments', async () => {
    const counts: number[] = [];
    for (const keys of [{}, { spWeight: 0 }, { dropout: 0 }]) {
      const { backbone, parameters, split } = smallWorld(s3rec, { ...shape, ...keys });
      const [{ loss, rows }] = backbone.stages();
      assert.ok(loss && rows);
      const options = { maxLength: 6, phase: 'train', rows, random: new Random(6) } as const;
      const sequences = trainingSequences(split, 'prefixes').slice(0, 24);
      const batch = await backbone.prepare(makeBatch(sequences, options));
      const pass = Pass.train(5);
      tf.tidy(() => loss(batch, pass).total.dataSync());
      counts.push(keysTaken(pass, 5));
      disposeBatch(batch);
      parameters.dispose();
    }
    assert.deepEqual(counts, [1 + 7 + 7, 1 + 7, 1]); // the first key of all draws the other items and segments
  });
});

const [B, T, D] = [3, 5, 4];
const lengths = Int32Array.of(5, 1, 3);
const chosen = Int32Array.from(lengths, (length, b) => b * T + length - 1);
const only = { dropout: 0, attentionDropout: 0, innerDropout: 0 };

/** The same vectors through a block, by each way in. @param x [B·T, D] */
const ways: Record<
  string,
  (block: TransformerBlock, x: tf.Tensor2D, options: Omit<TransformerOptions, 'mask'>) => tf.Tensor
> = {
  transformerBlock: (block, x, options) =>
    transformerBlock(block, tf.reshape(x, [B, T, D]), { ...options, mask: causalMask(lengths, T) }),
  transformRows: (block, x, options) =>
    transformRows(block, x, B, { ...options, mask: causalMask(lengths, T) }),
  transformChosen: (block, x, options) =>
    transformChosen(block, x, chosen, { ...options, mask: paddingMask(lengths, T) }),
};

/** [B·T, D] */
const someVectors = (): tf.Tensor2D =>
  tf.tensor2d(
    Float32Array.from({ length: B * T * D }, (_, i) => Math.sin(7 * i)),
    [B * T, D],
  );

describe('dropout of a transformer block', () => {
  before(() => tf.setBackend('cpu'));

  const rates: readonly (readonly [
    rates: Pick<TransformerOptions, 'dropout' | 'attentionDropout' | 'innerDropout'>,
    places: number,
  ])[] = [
    [{ ...only, attentionDropout: 0.9 }, 1],
    [{ ...only, innerDropout: 0.9 }, 1],
    [{ ...only, dropout: 0.9 }, 2],
    [{ dropout: 0.9 }, 4],
    [only, 0],
  ];
  for (const [way, run] of Object.entries(ways)) {
    for (const [given, places] of rates) {
      it(`is at ${places} places of ${way}: ${JSON.stringify(given)}`, () => {
        const parameters = new Parameters(new Random(1));
        const block = buildTransformerBlock(parameters, { dimension: D, feedForwardFactor: 2 });
        for (const { name } of parameters.entries()) shake(parameters, name, 0.5);
        for (const norm of ['pre', 'post'] as const) {
          const states = (pass: Pass): number[] =>
            tf.tidy(() => {
              const options = { ...given, numHeads: 2, norm, activation: 'gelu', pass } as const;
              return [...run(block, someVectors(), options).dataSync()];
            });
          const pass = Pass.train(3);
          assert.equal(differ(states(pass), states(Pass.predict)), places > 0);
          assert.equal(keysTaken(pass, 3), places);
        }
        parameters.dispose();
      });
    }
  }
});

describe('dropout of the embeddings of BERT', () => {
  before(() => tf.setBackend('cpu'));

  it('comes after the layer norm: numbers are 0, or larger by 1 / (1 − rate)', () => {
    const parameters = new Parameters(new Random(1));
    const encoderShape = { dimension: D, feedForwardFactor: 2, numLayers: 0, positions: T };
    const encoder = buildBertEncoder(parameters, encoderShape);
    const encoded = (pass: Pass): number[] =>
      tf.tidy(() => {
        const options = { numHeads: 2, dropout: 0.5, attentionDropout: 0, mask: paddingMask(lengths, T) };
        return [
          ...bertEncode(encoder, tf.reshape(someVectors(), [B, T, D]), { ...options, pass }).dataSync(),
        ];
      });
    const [whole, dropped] = [encoded(Pass.predict), encoded(Pass.train(3))];
    assertClose(dropped, whole.map((value, i) => (dropped[i] === 0 ? 0 : 2 * value))); // prettier-ignore
    const zeros = dropped.filter((value) => value === 0).length;
    assert.ok(zeros > 0.2 * whole.length && zeros < 0.8 * whole.length, `${zeros} of ${whole.length}`);
    assert.ok(whole.every((value) => value !== 0));
    parameters.dispose();
  });
});
