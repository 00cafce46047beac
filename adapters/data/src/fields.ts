const [tab, lineFeed] = [9, 10];

/** The tab-separated fields of one line at a time, as places in its bytes. */
export class TabFields {
  /** How many fields the line has; an empty line has one. */
  count = 0;
  /** Of the first `width` fields. */
  readonly starts: Int32Array;
  readonly ends: Int32Array;

  constructor(private readonly width: number) {
    this.starts = new Int32Array(width);
    this.ends = new Int32Array(width);
  }

  /** Finds the fields of the line that starts at `from`. @returns where the next line starts */
  find(bytes: Uint8Array, from: number): number {
    this.count = 0;
    let start = from;
    for (let i = from; ; i++) {
      const isLineEnd = i === bytes.length || bytes[i] === lineFeed;
      if (!isLineEnd && bytes[i] !== tab) continue;
      if (this.count < this.width) {
        this.starts[this.count] = start;
        this.ends[this.count] = i;
      }
      this.count++;
      start = i + 1;
      if (isLineEnd) return start;
    }
  }

  isEmpty(field: number): boolean {
    return this.starts[field] === this.ends[field];
  }
}
