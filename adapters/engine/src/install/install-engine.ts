/**
 * Native TensorFlow on a current library. The published `@tensorflow/tfjs-node-gpu` would download libtensorflow 2.9.1
 * in an install script; its binding also builds against the library inside TensorFlow's Python wheel, which is newer and
 * faster. Here the package comes without its dependencies (its JavaScript, the binding's source, and one package that
 * its kernels load; no script of them runs), the wheel gives headers and libraries, and node-gyp compiles. Everything lies in a cache
 * folder outside `node_modules`, so that `npm ci` keeps it.
 */
import { mkdir, rm, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CocoError, type Progress, fileErrorReason } from '@coco-rec/core';
import { compileBinding, linkLibrary, shareTfjs, tryEngine } from './build-binding.js';
import { bindingFiles, bindingFolder, engineFolder, libraryFolder, linksCuda } from './cache-folder.js';
import { downloadPackage, downloadWheel } from './download.js';
import { unsupportedReason } from './native-platform.js';
import { protobufPackage, tensorflowVersion, tfjsPackage, variants, type Variant } from './pins.js';
import { isPublished, publishFolder } from './publish-folder.js';
import { findTools, isComplete, type Tools } from './tools.js';
import { unpackPackage, unpackWheel } from './unpack.js';

export interface InstallOptions {
  /** The build with CUDA, several GB. Default false: CPU only. */
  readonly gpu?: boolean;
  readonly progress: Progress;
  readonly signal?: AbortSignal;
}

const steps = 5;

const libraryFiles = [
  'tensorflow/include/tensorflow/c/c_api.h',
  'tensorflow/libtensorflow_cc.so.2',
  'tensorflow/libtensorflow_framework.so.2',
];

/** Of the headers, those that the binding includes. */
const libraryPrefixes = [
  'tensorflow/include/tensorflow/c/',
  'tensorflow/include/tensorflow/core/platform/ctstring',
  'tensorflow/include/tsl/platform/ctstring',
  'tensorflow/include/xla/tsl/c/',
  'tensorflow/libtensorflow_cc.so.2',
  'tensorflow/libtensorflow_framework.so.2',
];

/**
 * Installs native TensorFlow for this Node into the cache folder. What is already there and whole is kept, so it can be
 * run again at any time, also after a failure.
 * @returns a sentence that says what is installed and where
 * @throws CocoError if the platform is unsupported, a tool is missing, the folder cannot be written, or a download, its
 *   hash or the build fails; StoppedError if `signal` stops it. Nothing half-done is left.
 */
export async function installEngine({ gpu = false, progress, signal }: InstallOptions): Promise<string> {
  const variant = gpu ? variants.gpu : variants.cpu;
  const step = (done: number, note: string): void => {
    progress.report('engine install', done, steps, note);
    progress.log(note);
  };
  const folder = bindingFolder(variant);
  if ((!gpu || linksCuda(folder)) && (await isReady(folder, signal))) {
    step(steps, `native TensorFlow ${tensorflowVersion} is installed already`);
    return described(variant, folder);
  }
  step(0, 'looking for Python, pip, a compiler and npm');
  const tools = await requireTools();
  await writable(async () => {
    await installLibrary(variant, tools, step, signal);
    await installBinding(variant, tools, step, signal);
  });
  step(steps, `native TensorFlow ${tensorflowVersion} is ready`);
  return described(variant, folder);
}

function described({ id, library }: Variant, folder: string): string {
  const kind = id === 'gpu' ? 'with CUDA' : 'for the CPU';
  return `Native TensorFlow ${library.version} ${kind} is installed in ${folder}.`;
}

/** Says where the machine refuses a file or folder. */
async function writable(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (typeof (error as NodeJS.ErrnoException).code !== 'string') throw error;
    throw new CocoError(
      `Native TensorFlow cannot be installed below ${engineFolder()}: ${fileErrorReason(error)}; ` +
        'set COCO_CACHE to another folder.',
      { cause: error },
    );
  }
}

async function isReady(folder: string, signal?: AbortSignal): Promise<boolean> {
  if (!isPublished(folder)) return false;
  try {
    return (await tryEngine(folder, signal)) === tensorflowVersion;
  } catch (error) {
    if (signal?.aborted) throw error;
    return false;
  }
}

async function requireTools(): Promise<Tools> {
  const unsupported = unsupportedReason();
  if (unsupported) throw new CocoError(`Native TensorFlow cannot be installed: ${unsupported}.`);
  const { found, missing } = await findTools();
  if (isComplete(found, missing)) return found;
  throw new CocoError(
    `Native TensorFlow cannot be installed: this machine lacks ${missing.join(', ')} ` +
      '(on Debian or Ubuntu: apt install python3 python3-pip make g++).',
  );
}

type Step = (done: number, note: string) => void;

async function installLibrary(
  variant: Variant,
  tools: Tools,
  step: Step,
  signal?: AbortSignal,
): Promise<void> {
  const folder = libraryFolder(variant);
  if (isPublished(folder)) return;
  await requireSpace(variant);
  await publishFolder(folder, libraryFiles, async (temporary) => {
    const downloads = join(temporary, 'downloads');
    for (const wheel of [variant.library, ...variant.companions]) {
      await mkdir(downloads, { recursive: true });
      step(1, `downloading ${wheel.name} ${wheel.version}`);
      const file = await downloadWheel(tools, wheel, downloads, signal);
      step(2, `unpacking ${wheel.name} ${wheel.version} (SHA-256 as pinned)`);
      const prefixes = wheel === variant.library ? libraryPrefixes : ['nvidia/'];
      await unpackWheel(tools, file, temporary, prefixes, signal);
      await rm(downloads, { recursive: true, force: true }); // at once: wheels of several GB add up
    }
  });
}

async function installBinding(
  variant: Variant,
  tools: Tools,
  step: Step,
  signal?: AbortSignal,
): Promise<void> {
  const folder = bindingFolder(variant);
  await rm(folder, { recursive: true, force: true }); // it is absent, incomplete or does not load
  await publishFolder(folder, Object.values(bindingFiles), async (temporary) => {
    const places = [
      [tfjsPackage, 'package'],
      [protobufPackage, join('package', 'node_modules', protobufPackage.name)],
    ] as const;
    for (const [source, place] of places) {
      step(3, `downloading ${source.name} ${source.version}`);
      const file = await downloadPackage(tools, source, temporary, signal);
      await unpackPackage(tools, file, join(temporary, place), signal);
      await rm(file);
    }
    await linkLibrary(temporary, libraryFolder(variant));
    await shareTfjs(temporary);
    step(4, `compiling the binding for Node ${process.version}`);
    await compileBinding(tools, temporary, signal);
    const version = await tryEngine(temporary, signal);
    if (version !== tensorflowVersion)
      throw new CocoError(`The built binding reports TensorFlow ${version} instead of ${tensorflowVersion}.`);
  });
}

async function requireSpace({ gigabytes }: Variant): Promise<void> {
  const parent = engineFolder();
  await mkdir(dirname(parent), { recursive: true });
  const { bavail, bsize } = await statfs(dirname(parent));
  const free = (bavail * bsize) / 1e9;
  if (free >= gigabytes) return;
  throw new CocoError(
    `Native TensorFlow needs ${gigabytes} GB below ${parent}, and ${free.toFixed(1)} GB are free; ` +
      'make room or set COCO_CACHE to another folder.',
  );
}
