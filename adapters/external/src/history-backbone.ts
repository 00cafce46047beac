import type { Batch, PreparedBatch } from '@coco-rec/core';
import { FrozenBackbone, withStates } from './frozen-backbone.js';

/** States up to this many numbers are kept; then it begins anew. */
const mostNumbers = 2 ** 26;

/**
 * A frozen model that turns a history into one state. Each row of a batch is a history of its own, the items that it may
 * see, so that nothing later can reach it whatever the model does; and a state that was asked for once is kept.
 * A position without a row has the state zero.
 */
export abstract class HistoryBackbone extends FrozenBackbone {
  private readonly kept = new Map<string, Float32Array>();

  /**
   * @param histories item ids, oldest first, at most `maxLength`; one may be empty
   * @returns [D] for each
   */
  protected abstract encodeHistories(histories: readonly Int32Array[]): Promise<readonly Float32Array[]>;

  override async prepare(batch: Batch): Promise<PreparedBatch> {
    const { batchSize: B, length: T, items, lengths, rows } = batch;
    const D = this.dimension;
    const histories = Array.from(rows.sequence, (b, p) => {
      return items.subarray(b * T, b * T + Math.min(rows.position[p] + 1, lengths[b]));
    });
    const found = await this.statesOf(histories);
    const states = new Float32Array(B * T * D);
    rows.sequence.forEach((b, p) => states.set(found[p], (b * T + rows.position[p]) * D));
    return withStates(await super.prepare(batch), states, D);
  }

  private async statesOf(histories: readonly Int32Array[]): Promise<readonly Float32Array[]> {
    const keys = histories.map((history) => history.join());
    const missing = new Map<string, Int32Array>();
    keys.forEach((key, p) => {
      if (!this.kept.has(key)) missing.set(key, histories[p]);
    });
    const asked = await this.encodeHistories([...missing.values()]);
    const fresh = new Map([...missing.keys()].map((key, n) => [key, asked[n]] as const));
    const states = keys.map((key) => (fresh.get(key) ?? this.kept.get(key)) as Float32Array);
    if ((this.kept.size + fresh.size) * this.dimension > mostNumbers) this.kept.clear();
    for (const [key, state] of fresh) this.kept.set(key, state);
    return states;
  }
}
