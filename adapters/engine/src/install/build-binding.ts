import { existsSync } from 'node:fs';
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CocoError } from '@coco-rec/core';
import { sharedTfjsKey } from './cache-folder.js';
import { CommandError, runCommand } from './run-command.js';
import type { Tools } from './tools.js';

/**
 * Links by relative paths: they hold when the folder is renamed, and when the whole cache is moved. The last one is for
 * CUDA: TensorFlow looks for its libraries in `../nvidia` as seen from the link `lib/libtensorflow_framework.so.2`, not
 * from the file behind it; without it a GPU is passed over without a word.
 */
const libraryLinks: readonly (readonly [link: string, target: string])[] = [
  ['include', 'tensorflow/include'],
  ['lib/libtensorflow.so', 'tensorflow/libtensorflow_cc.so.2'],
  ['lib/libtensorflow_cc.so.2', 'tensorflow/libtensorflow_cc.so.2'],
  ['lib/libtensorflow_framework.so', 'tensorflow/libtensorflow_framework.so.2'],
  ['lib/libtensorflow_framework.so.2', 'tensorflow/libtensorflow_framework.so.2'],
  ['nvidia', 'nvidia'],
];

/** Puts the headers and libraries where the package's build file looks for them. */
export async function linkLibrary(folder: string, library: string): Promise<void> {
  const dependencies = join(folder, 'package', 'deps');
  await mkdir(join(dependencies, 'lib'), { recursive: true });
  for (const [link, target] of libraryLinks) {
    if (!existsSync(join(library, target))) continue; // the build for the CPU has no CUDA
    const place = join(dependencies, link);
    await symlink(relative(join(place, '..'), join(library, target)), place);
  }
}

/**
 * The package's JavaScript asks for `@tensorflow/tfjs` or `@tensorflow/tfjs-core`. A second copy would have tensors and
 * variables of its own, so both names answer with the copy that the loading process holds.
 */
export async function shareTfjs(folder: string): Promise<void> {
  for (const name of ['tfjs', 'tfjs-core']) {
    const place = join(folder, 'package', 'node_modules', '@tensorflow', name);
    await mkdir(place, { recursive: true });
    const answer = `module.exports = globalThis[Symbol.for(${JSON.stringify(sharedTfjsKey)})];\n`;
    await writeFile(join(place, 'index.js'), answer);
  }
}

/** Compiles the N-API binding against the linked library. */
export async function compileBinding(tools: Tools, folder: string, signal?: AbortSignal): Promise<void> {
  const place = join(folder, 'package');
  const options = [
    ...[
      tools.nodeGyp,
      'rebuild',
      '--module_name=tfjs_binding',
      `--module_path=${join(place, 'lib', 'napi-v8')}`,
    ],
    ...['--napi_version=9', '--napi_build_version=8', `--python=${tools.python}`],
    ...(tools.nodeHeaders ? [`--nodedir=${tools.nodeHeaders}`] : []),
  ];
  try {
    await runCommand(process.execPath, options, { folder: place, signal });
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    const headers = tools.nodeHeaders
      ? ''
      : ` (no headers of Node ${process.version} were found here; set npm_config_nodedir to a folder with include/node)`;
    throw new CocoError(`The binding cannot be compiled: ${compilerReason(error)}${headers}`, {
      cause: error,
    });
  }
  await rm(join(place, 'build'), { recursive: true, force: true });
}

/** node-gyp ends with lines about itself; the compiler's own complaint comes first. */
function compilerReason(error: CommandError): string {
  const lines = error.output.split('\n').map((line) => line.replace(/^gyp ERR! (stack )?/, '').trim());
  return lines.find((line) => /\berror\b/i.test(line) && !/^(verbose|cwd|System)/.test(line)) ?? error.reason;
}

/**
 * Starts the engine in a process of its own: a library that crashes does not take this one along.
 * @returns TensorFlow's version
 */
export async function tryEngine(folder: string, signal?: AbortSignal): Promise<string> {
  const script = fileURLToPath(new URL('try-engine.js', import.meta.url));
  try {
    return (await runCommand(process.execPath, [script, folder], { signal })).trim();
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    throw new CocoError(`The built engine does not work: ${error.reason}`, { cause: error });
  }
}
