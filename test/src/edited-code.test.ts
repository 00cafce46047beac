/** Who edits a recommender's code and runs it again is not given figures of old weights under new code. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { Backbone, type BackboneDescriptor, type ItemVectors, type PreparedBatch } from '@coco-rec/core';
import { UsageError, defaultBackboneCapabilities } from '@coco-rec/core';
import { type PlainConfig, createRecommender } from '@coco-rec/standard';
import { startTestEngine } from './support/engine.js';
import { smallConfig, smallShop, temporaryFolder, writeShop } from './support/small-run.js';

const { folder, remove } = temporaryFolder();
after(remove);

class OwnConfig {}

/** States are item vectors times `factor`. */
class OwnBackbone extends Backbone {
  readonly id = 'own';
  readonly dimension = 8;
  constructor(private readonly factor: number) {
    super();
  }
  protected build(): void {}
  encode({ itemIds, batchSize: B, length: T }: PreparedBatch, items: ItemVectors): tf.Tensor3D {
    const vectors = tf.reshape(items.gather(tf.reshape(itemIds, [B * T])), [B, T, this.dimension]);
    return tf.mul(vectors, this.factor); // [B, T, D]
  }
}

const own = (factor: number): BackboneDescriptor => ({
  ...{ kind: 'backbone', id: 'own', specVersion: 'v1', summary: 'For tests.' },
  config: OwnConfig,
  capabilities: defaultBackboneCapabilities,
  create: () => new OwnBackbone(factor),
});

describe('a finished run', () => {
  let config: PlainConfig;
  const logged: string[] = [];
  const progress = { report: () => undefined, log: (line: string) => void logged.push(line) };
  const fit = async (factor: number): Promise<unknown> => {
    const recommender = createRecommender(config, { units: [own(factor)], progress });
    try {
      return (await recommender.fit()).test;
    } finally {
      recommender.dispose();
    }
  };

  before(async () => {
    await startTestEngine();
    const data = await writeShop(folder, 'shop', smallShop());
    config = { ...smallConfig(data, 'none', join(folder, 'own')), backbone: { id: 'own' } };
  });

  it('is measured again and says so, and is refused where its code has changed', async () => {
    const first = await fit(1);
    assert.doesNotMatch(logged.join('\n'), /finished run/);
    assert.deepEqual(await fit(1), first);
    assert.match(
      logged.join('\n'),
      /own holds a finished run of this config: it is measured again, not trained/,
    );
    const result = await readFile(join(folder, 'own', 'result.json'), 'utf8');
    await assert.rejects(fit(-1), (error) => {
      assert.ok(error instanceof UsageError, String(error));
      assert.match(
        error.message,
        /no longer give its figures \(.* the code of its backbone or fusion has changed/,
      );
      return true;
    });
    assert.equal(await readFile(join(folder, 'own', 'result.json'), 'utf8'), result);
  });
});
