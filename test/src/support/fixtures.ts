/** What a model from elsewhere needs to stand in the conformance tests: files, or a running service. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { testDataset } from '@coco-rec/core/testing';
import { historyVector, itemVector } from './made-up-vectors.js';
import { root } from '../layout/sources.js';
import { writeLayersModel } from './layers-model.js';
import { startVectorService } from './vector-service.js';

export interface Fixture {
  /** Keys of the section `backbone`. */
  readonly config: object;
  close(): Promise<void>;
}

const nothing = async (): Promise<void> => undefined;
const { userCount, itemCount, users, items, offsets, sequence } = testDataset();

export const itemIds = Array.from({ length: itemCount }, (_, i) => items.get(i + 1));

export async function writeVectors(
  path: string,
  rows: readonly (readonly (string | number)[])[],
): Promise<string> {
  const numbers = rows[0].length - (path.endsWith('users.csv') ? 2 : 1);
  const names = Array.from({ length: numbers }, (_, d) => `v${d}`);
  const header = path.endsWith('users.csv') ? ['id', 'seenUntil', ...names] : ['id', ...names];
  await writeFile(path, `${[header, ...rows].map((row) => row.join(',')).join('\n')}\n`);
  return path;
}

/** Vectors of most users after 1, 3, 5, … interactions; one user has none, one none before the fifth. */
function userRows(): (string | number)[][] {
  return Array.from({ length: userCount }, (_, user) => {
    const history = Array.from(sequence.subarray(offsets[user], offsets[user + 1]), (item) =>
      items.get(item),
    );
    const first = user === 4 ? 5 : 1;
    const counts = user === 3 ? [] : history.flatMap((_, t) => (t >= first && t % 2 === 1 ? [t] : []));
    return counts.map((t) => [users.get(user), t, ...historyVector(history.slice(0, t))]);
  }).flat();
}

const itemRows = (): (string | number)[][] => itemIds.map((id) => [id, ...itemVector(id)]);

const example = (name: string): string => join(root, 'examples', 'onnx', name);

/** The model of `examples/onnx`, whose items are those of the test data. */
export const onnxKeys = {
  model: example('sasrec.onnx'),
  vocabulary: example('vocabulary.csv'),
  itemTable: 'items.weight',
  lengthsInput: 'lengths',
  output: 'state',
  maxLength: 12,
};

/** By the id of the backbone; all others are made from small defaults. */
export const fixtures: Readonly<Record<string, (folder: string) => Promise<Fixture>>> = {
  vectors: async (folder) => ({
    config: {
      users: await writeVectors(join(folder, 'users.csv'), userRows()),
      items: await writeVectors(join(folder, 'items.csv'), itemRows()),
      maxLength: 12,
    },
    close: nothing,
  }),
  onnx: async () => ({ config: onnxKeys, close: nothing }),
  layers: async (folder) => ({
    config: { model: await writeLayersModel(join(folder, 'layers')), maxLength: 12 },
    close: nothing,
  }),
  http: async () => {
    const service = await startVectorService();
    const config = { url: service.at('/vectors'), itemsUrl: service.at('/items'), maxLength: 12 };
    return { config, close: service.stop };
  },
};
