import { CocoError } from '@coco-rec/core';

const ownNames = ['id', 'seenUntil'];
const plain = (name: string): string => name.toLowerCase().replace(/[_\s-]/g, '');
const isIndex = (name: string): boolean => /^(Unnamed: \d+|__index_level_\d+__|)$/.test(name);

/**
 * Whatever is neither `id` nor `seenUntil` is a number of the vector, so columns that cannot be meant as one are refused.
 * @param where makes "FILE, line 1", for complaints
 * @throws CocoError for no `id`, a row index, a name that comes twice, or another spelling of a name that counts
 */
export function checkColumns(names: readonly string[], where: string): void {
  for (const [at, name] of names.entries()) {
    if (isIndex(name)) {
      const what = name === '' ? `column ${at + 1} has no name and` : `the column "${name}"`;
      throw new CocoError(`${where}: ${what} looks like a row index; save with index=False, without it.`);
    }
    if (names.indexOf(name) < at) {
      throw new CocoError(`${where}: the column "${name}" comes twice; each takes a name of its own.`);
    }
    const meant = ownNames.find((own) => own !== name && plain(own) === plain(name));
    if (meant !== undefined) {
      throw new CocoError(`${where}: did you mean "${meant}"? There is a column "${name}".`);
    }
  }
  if (names.includes('id')) return;
  throw new CocoError(`${where}: there is no column "id"; found: ${names.slice(0, 10).join(', ')}.`);
}
