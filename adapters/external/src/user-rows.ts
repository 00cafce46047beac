import { CocoError } from '@coco-rec/core';
import type { VectorFile } from './files/vector-rows.js';

/** Vectors of users, each made from the first `seenUntil` interactions of its user. */
export class UserRows {
  private constructor(
    private readonly file: VectorFile,
    /** Rows of user u, by `seenUntil`: order[starts[u]..starts[u + 1]]. */
    private readonly starts: Int32Array,
    private readonly order: Int32Array,
    private readonly seenUntil: Int32Array,
  ) {}

  /**
   * @param users [N] whose each row is, −1 for nobody's
   * @param seenUntil [N]
   * @throws CocoError if a user has two rows with the same `seenUntil`
   */
  static from(file: VectorFile, users: Int32Array, seenUntil: Int32Array, userCount: number): UserRows {
    const order = Int32Array.from(users.keys()).filter((row) => users[row] >= 0);
    order.sort((a, b) => users[a] - users[b] || seenUntil[a] - seenUntil[b]);
    order.forEach((row, i) => {
      const before = order[i - 1];
      if (i > 0 && users[before] === users[row] && seenUntil[before] === seenUntil[row]) {
        throw new CocoError(
          `${file.path}: the user "${file.ids[row]}" has two rows` +
            (file.seenUntil
              ? ` with seenUntil ${seenUntil[row]}.`
              : ', and no "seenUntil" that tells them apart.'),
        );
      }
    });
    const starts = new Int32Array(userCount + 1);
    for (const row of order) starts[users[row] + 1]++;
    for (let user = 0; user < userCount; user++) starts[user + 1] += starts[user];
    return new UserRows(file, starts, order, seenUntil);
  }

  has(user: number): boolean {
    return this.starts[user + 1] > this.starts[user];
  }

  /**
   * The newest vector that has seen no more than the first `t` interactions.
   * @param user index in the data set, −1: not known
   * @returns [D], or undefined
   */
  find(user: number, t: number): Float32Array | undefined {
    if (user < 0) return undefined;
    for (let i = this.starts[user + 1] - 1; i >= this.starts[user]; i--) {
      const row = this.order[i];
      const { dimension: D, values } = this.file;
      if (this.seenUntil[row] <= t) return values.subarray(row * D, (row + 1) * D);
    }
    return undefined;
  }
}
