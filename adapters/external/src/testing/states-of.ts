import * as tf from '@tensorflow/tfjs-core';
import { type Backbone, type Sequence, Random, lastItemRows, makeBatch } from '@coco-rec/core';

/** The states of some histories, made in one batch, each where its last item is. @returns [B][D] */
export async function statesOf(
  backbone: Backbone,
  ...histories: readonly (readonly number[])[]
): Promise<number[][]> {
  const sequences = histories.map((history, user): Sequence => ({
    user,
    history: Int32Array.from(history),
    next: 0,
  }));
  const batch = makeBatch(sequences, {
    maxLength: backbone.maxLength,
    rows: lastItemRows,
    phase: 'predict',
    random: new Random(1),
  });
  const prepared = await backbone.prepare(batch);
  const states = (await (prepared.extra?.states as tf.Tensor3D).array()) as number[][][];
  tf.dispose([prepared.itemIds, prepared.mask, ...Object.values(prepared.extra ?? {})]);
  return Array.from(batch.rows.sequence, (b, p) => states[b][batch.rows.position[p]]);
}
