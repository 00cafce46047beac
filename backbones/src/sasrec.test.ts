/** SASRec's states against its formulas in plain float64 loops, each history by itself, though the model packs them. */
import * as tf from '@tensorflow/tfjs-core';
import { Pass, disposeBatch } from '@coco-rec/core';
import { PlainModel, gelu, plus, relu } from './plain-model.test.js';
import { SASRecConfig, sasrec } from './sasrec.js';
import { type SmallWorld, assertClose, historiesBatch, smallWorld, statesOf } from './small-world.test.js';

const shape = { dimension: 4, maxLength: 6, numLayers: 2, numHeads: 2, feedForwardFactor: 2 };
const mixed = [[5], [1, 2, 3, 4], [], [9, 8, 7, 6, 5, 4], [3, 3], [30, 12, 1]];
/** Where the last block computes the last states alone. */
const alike = [[], [8], [7, 7], [3, 5], [9]];

class Reference extends PlainModel {
  constructor(
    world: SmallWorld,
    private readonly config: SASRecConfig,
  ) {
    super(world);
  }

  /** The state of each position. */
  states(history: readonly number[]): number[][] {
    const { dimension: D, maxLength, numLayers, norm, scaleEmbedding, positionsFrom } = this.config;
    const isPost = norm === 'post';
    const table = this.world.backbone.itemVectors().block(0, 31).arraySync();
    const positions = this.matrix('positions');
    const first = positionsFrom === 'newest' ? maxLength - history.length : 0;
    const sum = history.map((item, t) =>
      table[item].map((x, i) => x * (scaleEmbedding ? Math.sqrt(D) : 1) + positions[first + t][i]),
    );
    let x = isPost ? this.norm(sum, 'outerNorm') : sum;
    for (let n = 0; n < numLayers; n++) x = isPost ? this.after(x, `block${n}`) : this.before(x, `block${n}`);
    return isPost ? x : this.norm(x, 'outerNorm');
  }

  /** x + f(norm x), twice. */
  private before(x: number[][], block: string): number[][] {
    const y = plus(x, this.attention(this.norm(x, `${block}/attentionNorm`), block));
    return plus(y, this.feedForward(this.norm(y, `${block}/feedForwardNorm`), block));
  }

  /** norm(x + f x), twice. */
  private after(x: number[][], block: string): number[][] {
    const y = this.norm(plus(x, this.attention(x, block)), `${block}/attentionNorm`);
    return this.norm(plus(y, this.feedForward(y, block)), `${block}/feedForwardNorm`);
  }

  private attention(x: number[][], block: string): number[][] {
    return this.attend(x, block, this.config.numHeads, (t, s) => s > t);
  }

  private feedForward(x: number[][], block: string): number[][] {
    const activate = this.config.activation === 'relu' ? relu : gelu;
    const inner = this.linear(x, `${block}/inner`).map((row) => row.map(activate));
    return this.linear(inner, `${block}/outer`);
  }
}

const variants = [
  { norm: 'pre', activation: 'relu', scaleEmbedding: true, positionsFrom: 'oldest' },
  { norm: 'post', activation: 'gelu', scaleEmbedding: false, positionsFrom: 'newest' },
] as const;

describe('SASRec against its formulas', () => {
  before(() => tf.setBackend('cpu'));

  const each = variants.flatMap((keys) => [mixed, alike].map((histories) => ({ keys, histories })));
  for (const { keys, histories } of each) {
    const lengths = histories.map(({ length }) => length).join(', ');
    it(`gives the states of histories of lengths ${lengths}: ${Object.values(keys).join(', ')}`, async () => {
      const config = { ...shape, ...keys };
      const world = smallWorld(sasrec, config);
      const reference = new Reference(world, Object.assign(new SASRecConfig(), config));
      const expected = histories.map((history) => (history.length > 0 ? reference.states(history) : []));
      const states = await statesOf(world.backbone, histories);
      expected.forEach((own, b) => own.forEach((state, t) => assertClose(states[b][t], state)));

      const batch = await world.backbone.prepare(historiesBatch(histories, shape.maxLength));
      const ofRows = tf.tidy(() =>
        world.backbone.encodeRows(batch, world.backbone.itemVectors(), Pass.predict).h.arraySync(),
      );
      batch.rows.sequence.forEach((b, p) => {
        if (histories[b].length > 0) assertClose(ofRows[p], expected[b][batch.rows.position[p]]);
      });
      disposeBatch(batch);
      world.parameters.dispose();
    });
  }
});
