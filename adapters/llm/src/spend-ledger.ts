import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { MemorySpendLedger, type SpendLedger, type Spent } from '@coco-rec/core';
import { CheckedLines } from './checked-lines.js';
import { cacheFolder } from './knowledge-store.js';

/** A request that is about to be sent, or what one cost after all. In US dollars. */
type Entry =
  | { readonly id: string; readonly account: string; readonly worst: number }
  | { readonly id: string; readonly cost: number };

/**
 * What services were paid, in `spend.jsonl` beside the texts. A request is noted before it is sent and again when its cost
 * is known: one that a crash or kill -9 took with it counts at its worst for ever, since the server may have charged it.
 */
export class FileSpendLedger implements SpendLedger {
  private readonly sums = new MemorySpendLedger();
  private readonly settle = new Map<string, (cost: number) => void>();
  private readonly lines: CheckedLines<Entry>;
  private readonly prefix = randomUUID().slice(0, 13);
  private count = 0;
  /** The request that is being noted, and what stands before it in the file. */
  private noted?: { readonly id: string; before: number };

  /** @param folder default: `knowledge` in the cache folder */
  constructor(folder = join(cacheFolder(), 'knowledge')) {
    this.lines = new CheckedLines(join(folder, 'spend.jsonl'), (entry) => this.take(entry));
  }

  spent(account: string): Spent {
    this.lines.refresh();
    return this.sums.spent(account);
  }

  /**
   * Other processes note theirs between the look and the note, so with a limit it looks again. The order of the file decides:
   * only what stands before counts, so of several that came together the first stays and they do not all back out.
   */
  begin(account: string, worst: number): (cost: number) => void;
  begin(account: string, worst: number, most: number | undefined): ((cost: number) => void) | undefined;
  begin(account: string, worst: number, most = Infinity): ((cost: number) => void) | undefined {
    const id = `${this.prefix}-${this.count++}`;
    const noted = { id, before: most < Infinity ? this.spent(account).cost : 0 };
    if (noted.before + worst > most) return undefined;
    this.lines.append({ id, account, worst });
    const settle = (cost: number): void => this.lines.append({ id, cost });
    if (most === Infinity) return settle;
    this.noted = noted;
    this.lines.refresh();
    if (noted.before + worst <= most) return settle;
    settle(0);
    return undefined;
  }

  private take(entry: Entry): void {
    if ('account' in entry) {
      if (entry.id === this.noted?.id) this.noted.before = this.sums.spent(entry.account).cost;
      this.settle.set(entry.id, this.sums.begin(entry.account, entry.worst));
      return;
    }
    this.settle.get(entry.id)?.(entry.cost);
    this.settle.delete(entry.id);
  }
}
