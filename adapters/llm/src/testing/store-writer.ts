/**
 * A process that puts batches into a knowledge store and says so line by line.
 *   node store-writer.js FOLDER PREFIX DIMENSION BATCHES SIZE
 * It waits for a first line on its input, so that two of them start together.
 */
import { once } from 'node:events';
import { FileKnowledgeStore } from '../knowledge-store.js';
import { entriesOf } from './stored-vectors.js';

const [folder, prefix, ...numbers] = process.argv.slice(2);
const [dimension, batches, size] = numbers.map(Number);
const store = new FileKnowledgeStore(folder);
process.stdout.write('ready\n');
await once(process.stdin, 'data');
for (let i = 0; i < batches; i++) {
  const { keys, vectors } = entriesOf(prefix, { from: i * size, count: size, dimension });
  await store.put(keys, vectors);
  process.stdout.write(`${(i + 1) * size}\n`);
}
process.stdin.destroy();
