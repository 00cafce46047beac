import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { CocoError } from '@coco-rec/core';
import type { NpmPackage, Wheel } from './pins.js';
import { CommandError, runCommand } from './run-command.js';
import type { Tools } from './tools.js';

/** Wheels are taken as plain archives: the Python that downloads them need not be the one they are made for. */
const wheelTags = [
  '--no-deps',
  '--only-binary=:all:',
  '--python-version=3.11',
  '--implementation=cp',
  '--abi=cp311',
  '--abi=abi3',
  '--abi=none',
  '--platform=manylinux_2_17_x86_64',
  '--platform=manylinux2014_x86_64',
];

/** @returns the path of the wheel, downloaded by pip into `folder` and checked. */
export async function downloadWheel(
  tools: Tools,
  wheel: Wheel,
  folder: string,
  signal?: AbortSignal,
): Promise<string> {
  const [command, ...first] = tools.pip;
  const what = `${wheel.name}==${wheel.version}`;
  const options = [
    ...first,
    'download',
    '--quiet',
    '--progress-bar=off',
    ...wheelTags,
    `--dest=${folder}`,
    what,
  ];
  const environment = { PIP_DISABLE_PIP_VERSION_CHECK: '1', PIP_NO_INPUT: '1', TMPDIR: folder };
  await explained(`pip cannot download ${what}`, () => runCommand(command, options, { environment, signal }));
  return await checked(join(folder, wheel.file), wheel.sha256);
}

/** @returns the path of the npm package, downloaded by npm into `folder` (no script of it runs) and checked. */
export async function downloadPackage(
  tools: Tools,
  { name, version, file, sha256 }: NpmPackage,
  folder: string,
  signal?: AbortSignal,
): Promise<string> {
  const what = `${name}@${version}`;
  const options = [tools.npm, 'pack', '--ignore-scripts', '--silent', `--pack-destination=${folder}`, what];
  await explained(`npm cannot download ${what}`, () =>
    runCommand(process.execPath, options, { folder, signal }),
  );
  return await checked(join(folder, file), sha256);
}

async function explained(failure: string, action: () => Promise<unknown>): Promise<void> {
  try {
    await action();
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    throw new CocoError(`${failure}: ${error.reason}`, { cause: error });
  }
}

/**
 * @returns `file`, if its content is what was pinned
 * @throws CocoError if it is another; the file is removed
 */
export async function checked(file: string, sha256: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(file), hash);
  } catch (error) {
    throw new CocoError(`The download did not bring ${file}, the file that was asked for.`, { cause: error });
  }
  const found = hash.digest('hex');
  if (found === sha256) return file;
  await rm(file, { force: true });
  throw new CocoError(
    `${file} has SHA-256 ${found} instead of the pinned ${sha256}, so it was removed and nothing was installed; ` +
      'the package index serves another file under that name.',
  );
}
