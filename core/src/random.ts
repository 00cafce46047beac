/**
 * Counter-based random numbers: every number is a hash of (key, counter), so a stream is named, not stored, and is the
 * same on every engine and after a resume. The hash is two rounds of the 32-bit finaliser "lowbias32" (C. Wellons, 2018).
 */
export function hash32(key: number, counter: number): number {
  let x = (counter ^ key) | 0;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  x = (x ^ (x >>> 16) ^ Math.imul(key, 0x9e3779b9)) | 0;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
}

/** A stream of random numbers with a key and a position in it. `derive` names independent streams. */
export class Random {
  private counter = 0;
  private readonly key: number;

  constructor(seed: number) {
    this.key = hash32(0x5eed, seed | 0);
  }

  /** The 32-bit key of this stream, for ops that count themselves. */
  get streamKey(): number {
    return this.key;
  }

  /** @returns an independent stream named by `names`; does not depend on how many numbers were drawn from this one. */
  derive(...names: readonly (string | number)[]): Random {
    let key = this.key;
    for (const name of names) {
      if (typeof name === 'number') key = hash32(key, name | 0);
      else for (let i = 0; i < name.length; i++) key = hash32(key, name.charCodeAt(i) + 0x10000);
    }
    return new Random(key);
  }

  /** A whole number in [0, 2^32). */
  uint32(): number {
    return hash32(this.key, this.counter++);
  }

  /** A number in [0, 1). */
  uniform(): number {
    return this.uint32() / 4294967296;
  }

  /** A whole number in [0, limit). */
  integer(limit: number): number {
    return Math.floor(this.uniform() * limit);
  }

  /** A standard normal number (Box–Muller). */
  normal(): number {
    const u = (this.uint32() + 1) / 4294967297;
    return Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * this.uniform());
  }

  /** Shuffles `values` in place (Fisher–Yates). */
  shuffle<T extends { length: number; [index: number]: unknown }>(values: T): T {
    for (let i = values.length - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      const value = values[i];
      values[i] = values[j];
      values[j] = value;
    }
    return values;
  }
}
