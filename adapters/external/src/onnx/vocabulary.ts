import { CocoError, type Strings } from '@coco-rec/core';
import { readCsvRecords } from '../files/csv-records.js';
import { demandFile } from '../files/demand-file.js';
import { idOf } from '../files/vector-rows.js';
import { matchIds } from '../match-ids.js';

/** The model's number of each item of the data set; −1 for one that it does not know. @returns [V + 1] */
export async function readVocabulary(path: string, items: Strings): Promise<Int32Array> {
  const numberOfId = await readNumbers(path);
  if (numberOfId.size === 0) throw new CocoError(`${path} holds no rows.`);
  const file = { path, ids: [...numberOfId.keys()], values: new Float32Array(), dimension: 0 };
  const { indices } = matchIds(file, items, 1, 'an item');
  const numbers = new Int32Array(items.length).fill(-1);
  file.ids.forEach((id, n) => {
    if (indices[n] >= 0) numbers[indices[n]] = numberOfId.get(id) as number;
  });
  return numbers;
}

async function readNumbers(path: string): Promise<ReadonlyMap<string, number>> {
  await demandFile(path);
  const numberOfId = new Map<string, number>();
  const idOfNumber = new Map<number, string>();
  await readCsvRecords(path, (record, header, place) => {
    if (header.length !== 2) {
      throw new CocoError(`${path}: a vocabulary has two columns, "id" and the model's number of the item.`);
    }
    const where = `${path}, ${place}`;
    const at = header.indexOf('id');
    const id = idOf(record[at], where);
    const number = exactNumber(record[1 - at], id, where);
    const earlier = numberOfId.get(id) ?? number;
    if (earlier !== number) {
      throw new CocoError(
        `${where}: "${id}" comes twice, with the numbers ${earlier} and ${number}; give it one.`,
      );
    }
    const other = idOfNumber.get(number) ?? id;
    if (other !== id) {
      throw new CocoError(`${where}: "${id}" has the number ${number} of "${other}"; each takes its own.`);
    }
    numberOfId.set(id, number);
    idOfNumber.set(number, id);
  });
  return numberOfId;
}

/** Not through float32, which rounds from 2^24 on. */
function exactNumber(text: string, id: string, where: string): number {
  const number = text.trim() === '' ? NaN : Number(text);
  if (Number.isInteger(number) && number >= 0 && number < 2 ** 31) return number;
  throw new CocoError(
    `${where}: the number of "${id}" is ${text || 'missing'}; it should be 0, 1, 2 and so on, below 2147483648.`,
  );
}

/** Says so if an item has the number that stands for padding. */
export function paddingWarnings(
  path: string,
  numbers: Int32Array,
  paddingNumber: number,
  items: Strings,
): string[] {
  const item = numbers.indexOf(paddingNumber);
  if (item < 0) return [];
  return [
    `${path} gives "${items.get(item)}" the number of padding, ${paddingNumber}; unless the model tells them apart by ` +
      'lengths or a mask, set "backbone.paddingNumber" to the number that it pads with.',
  ];
}
