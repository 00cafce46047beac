import { DatasetBuilder } from '../data/dataset-builder.js';
import { Random, hash32 } from '../random.js';
import type { Dataset } from '../specification/dataset.js';
import type { Hasher } from '../specification/ports.js';

export interface TestDatasetOptions {
  /** Default 24. */
  readonly users?: number;
  /** V, default 30. */
  readonly items?: number;
  /** Default 1. */
  readonly seed?: number;
  /** Share of the items that have a title, default 1. The items without are spread evenly. */
  readonly texts?: number;
}

const makers = ['Alder', 'Brook', 'Cedar', 'Dune', 'Ember', 'Fjord', 'Grove'];
const qualities = ['light', 'sturdy', 'soft', 'compact', 'refillable'];
const kinds = ['hand cream', 'camping tent', 'wooden puzzle', 'desk lamp', 'rain jacket', 'tea kettle'];
const purposes = ['for dry skin', 'for two people', 'for small children', 'for the evening', 'for travel'];

/** Not SHA-256, but different content has a different hash: enough for tests, and free of any platform. */
export const testHasher: Hasher = {
  sha256(content) {
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
    const words = Array.from({ length: 8 }, (_, key) => {
      let hash = hash32(key, bytes.length);
      for (const byte of bytes) hash = hash32(hash, byte);
      return hash.toString(16).padStart(8, '0');
    });
    return words.join('');
  },
};

/**
 * A small made-up shop: users with a taste for two kinds of item, 5 to 12 interactions each, natural titles, attributes
 * (the kind, and a quality of two items in three) and real times. The same options give the same data.
 */
export function testDataset(options: TestDatasetOptions = {}): Dataset {
  const { users = 24, items = 30, seed = 1, texts = 1 } = options;
  const random = new Random(seed).derive('test data');
  const builder = new DatasetBuilder();
  for (let item = 1; item <= items; item++) builder.addItem(`item${item}`);
  for (let user = 0; user < users; user++) {
    const tastes = [random.integer(kinds.length), random.integer(kinds.length)];
    let time = 1_600_000_000 + random.integer(10_000_000);
    for (let n = 5 + random.integer(8); n > 0; n--) {
      time += 3600 + random.integer(1_000_000);
      builder.addInteraction(
        `user${user}`,
        `item${drawItem(items, tastes[random.integer(2)], random)}`,
        time,
      );
    }
  }
  for (let item = 1; item <= items; item++) {
    const hasText = Math.floor(item * texts) > Math.floor((item - 1) * texts);
    builder.describeItem(`item${item}`, hasText ? titleOf(item, seed) : '', attributesOf(item, seed));
  }
  return builder.build({ name: 'test', report: { counts: {}, warnings: [] }, hasher: testHasher });
}

/** Mostly an item of the taste, now and then any. */
function drawItem(items: number, taste: number, random: Random): number {
  const any = 1 + random.integer(items);
  if (random.uniform() < 0.2) return any;
  const ofKind = any - (any % kinds.length) + taste;
  return ofKind >= 1 && ofKind <= items ? ofKind : any;
}

function pick(list: readonly string[], seed: number, key: number, item: number): string {
  return list[hash32(hash32(seed, key), item) % list.length];
}

function titleOf(item: number, seed: number): string {
  const [maker, quality, purpose] = [makers, qualities, purposes].map((list, i) =>
    pick(list, seed, i + 1, item),
  );
  return `${maker} ${quality} ${kinds[item % kinds.length]} ${purpose}, model ${item}`;
}

function attributesOf(item: number, seed: number): string[] {
  const quality = item % 3 > 0 ? [pick(qualities, seed, 2, item)] : [];
  return [kinds[item % kinds.length], ...quality];
}
