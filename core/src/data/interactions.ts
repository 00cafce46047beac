import type { Times } from '../specification/dataset.js';
import { free, grown } from './growing-array.js';

/** Interactions in columns that grow, in the order that they were added; each is read up to `count`. */
export class Interactions {
  users = new Int32Array(1024);
  items = new Int32Array(1024);
  /** Absent while no interaction has a time; NaN where one has none. Whole numbers below 2^32 as long as all are. */
  times?: Times;
  count = 0;

  add(user: number, item: number, time: number | undefined): void {
    if (this.count === this.users.length) this.grow();
    this.users[this.count] = user;
    this.items[this.count] = item;
    if (time !== undefined || this.times) this.addTime(time ?? NaN);
    this.count++;
  }

  private addTime(time: number): void {
    const { length } = this.users;
    this.times ??=
      this.count === 0 ? new Uint32Array(length) : new Float64Array(length).fill(NaN, 0, this.count);
    if (time !== time >>> 0 && this.times instanceof Uint32Array) {
      const wide = new Float64Array(length);
      wide.set(this.times);
      free(this.times);
      this.times = wide;
    }
    this.times[this.count] = time;
  }

  private grow(): void {
    const length = this.users.length * 2;
    this.users = grown(this.users, length);
    this.items = grown(this.items, length);
    if (this.times) this.times = grown(this.times, length);
  }
}
