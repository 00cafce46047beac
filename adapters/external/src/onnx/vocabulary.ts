import { CocoError, type Strings } from '@coco-rec/core';
import { readCsvVectors } from '../files/csv-vectors.js';
import { matchIds } from '../match-ids.js';

/** The model's number of each item of the data set; −1 for one that it does not know. @returns [V + 1] */
export async function readVocabulary(path: string, items: Strings): Promise<Int32Array> {
  const file = await readCsvVectors(path);
  if (file.dimension !== 1) {
    throw new CocoError(`${path}: a vocabulary has two columns, "id" and the model's number of the item.`);
  }
  const { indices } = matchIds(file, items, 1, 'an item');
  const numbers = new Int32Array(items.length).fill(-1);
  indices.forEach((item, n) => {
    const number = file.values[n];
    if (!Number.isInteger(number) || number < 0) {
      throw new CocoError(
        `${path}: the number of "${file.ids[n]}" is ${number}; it should be 0, 1, 2 and so on.`,
      );
    }
    if (item >= 0) numbers[item] = number;
  });
  return numbers;
}
