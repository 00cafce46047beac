import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, sep } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { CocoError, type EngineDescriptor, type EngineStatus } from '@coco-rec/core';
import { registerGradients } from './register-gradients.js';
import { registerWasmKernels } from './wasm-kernels/index.js';

export class WasmEngineConfig {}

/**
 * tfjs on WebAssembly, with the kernels that training needs and the published backend lacks.
 * One thread: the threaded binary starts its workers from Blob URLs, which Node refuses; with both patched it ran on
 * Node 20 but reported one thread and was no faster.
 */
export const wasmEngine: EngineDescriptor<WasmEngineConfig> = {
  kind: 'engine',
  id: 'wasm',
  specVersion: 'v1',
  summary: 'WebAssembly, one thread: nothing to install.',
  config: WasmEngineConfig,
  preference: 20,
  status,
  async start() {
    const { available, detail } = await status();
    if (!available) throw new CocoError(`The engine wasm cannot start: ${detail}.`);
    await registerGradients();
    const { setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm');
    if (tf.findBackend('wasm') === null) setWasmPaths(binaryFolder() + sep); // by path: nothing is fetched
    registerWasmKernels();
    if (!(await withoutListeners(() => tf.setBackend('wasm'))))
      throw new CocoError('The engine wasm did not start.');
    return detail;
  },
};

async function status(): Promise<EngineStatus> {
  await import('@tensorflow/tfjs-backend-wasm'); // registers the check below
  const simd = await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT');
  const folder = binaryFolder();
  const binary = join(folder, simd ? 'tfjs-backend-wasm-simd.wasm' : 'tfjs-backend-wasm.wasm');
  if (!existsSync(binary)) return { available: false, detail: `${binary} is missing; run npm ci again` };
  const detail = `tfjs WebAssembly ${tf.version_core}, ${simd ? 'SIMD' : 'no SIMD'}, 1 thread`;
  return { available: true, detail };
}

const ofErrors = ['uncaughtException', 'unhandledRejection'] as const;

/** Takes away what the backend listens to: it throws every error of the program anew, below a line of its own code. */
async function withoutListeners<T>(start: () => Promise<T>): Promise<T> {
  const before = ofErrors.map((event) => process.listeners(event as 'uncaughtException'));
  const started = await start();
  ofErrors.forEach((event, n) => {
    for (const listener of process.listeners(event as 'uncaughtException'))
      if (!before[n].includes(listener)) process.removeListener(event, listener);
  });
  return started;
}

function binaryFolder(): string {
  const require = createRequire(import.meta.url);
  return dirname(require.resolve('@tensorflow/tfjs-backend-wasm'));
}
