import { realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import util from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { bindingFiles, linksCuda, sharedTfjsKey } from './install/cache-folder.js';

/** TensorFlow in this process, known to tfjs as the backend `tensorflow`. */
export interface Native {
  readonly folder: string;
  readonly version: string;
  /** Whether it was built with CUDA. */
  readonly cuda: boolean;
  /** Whether it computes on a GPU. */
  readonly gpu: boolean;
}

interface Binding {
  readonly TF_Version: string;
  isUsingGpuDevice(): boolean;
}

interface BackendModule {
  readonly NodeJSKernelBackend: new (binding: Binding, packageName: string) => tf.KernelBackend;
}

let loaded: Native | undefined;

/**
 * Loads the engine that was built in the folder `path` and registers its kernels and its backend; a process holds one.
 * @throws what the loader throws if a file is missing or does not fit this machine
 */
export function loadNative(path: string): Native {
  const folder = realpathSync(path); // a link to it is the same engine
  if (loaded?.folder === folder) return loaded;
  if (loaded) throw new Error(`this process runs the engine of ${loaded.folder} already`);
  const cuda = linksCuda(folder);
  prepareEnvironment(cuda);
  const require = createRequire(import.meta.url);
  // The package's own `require('@tensorflow/tfjs')` answers with this: one copy of tfjs-core, one set of tensors.
  Reflect.set(globalThis, Symbol.for(sharedTfjsKey), require('@tensorflow/tfjs-core'));
  const binding = require(join(folder, bindingFiles.binding)) as Binding;
  const { NodeJSKernelBackend } = require(join(folder, bindingFiles.backend)) as BackendModule;
  require(join(folder, bindingFiles.kernels));
  tf.registerBackend('tensorflow', () => new NodeJSKernelBackend(binding, '@tensorflow/tfjs-node-gpu'));
  loaded = { folder, version: binding.TF_Version, cuda, gpu: binding.isUsingGpuDevice() };
  return loaded;
}

function prepareEnvironment(cuda: boolean): void {
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2'; // no banner
  if (cuda) prepareCuda();
  // Removed in Node 23; tfjs's JavaScript calls them.
  const legacy = util as unknown as { isNullOrUndefined?: unknown; isArray?: unknown };
  legacy.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
  legacy.isArray ??= Array.isArray;
}

/** Whoever wants it otherwise sets the variable. */
function prepareCuda(): void {
  process.env.TF_FORCE_GPU_ALLOW_GROWTH ??= 'true'; // else it takes all memory of the GPU
  process.env.TF_DETERMINISTIC_OPS ??= '1'; // same seed, same numbers
  process.env.NVIDIA_TF32_OVERRIDE ??= '0'; // products of 10 bits miss the reference values of a decoder
}
