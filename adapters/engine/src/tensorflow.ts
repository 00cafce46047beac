import { availableParallelism } from 'node:os';
import * as tf from '@tensorflow/tfjs-core';
import { CocoError, type EngineDescriptor, type EngineStatus } from '@coco-rec/core';
import { bindingFolder } from './install/cache-folder.js';
import { unsupportedReason } from './install/native-platform.js';
import { variants } from './install/pins.js';
import { isPublished } from './install/publish-folder.js';
import { findTools } from './install/tools.js';
import { loadNative, type Native } from './load-native.js';
import { registerGradients } from './register-gradients.js';
import { registerTensorflowKernels } from './tensorflow-kernels/index.js';

export class TensorflowEngineConfig {}

/** Native TensorFlow from the cache folder, as `installEngine` puts it there. */
export const tensorflowEngine: EngineDescriptor<TensorflowEngineConfig> = {
  kind: 'engine',
  id: 'tensorflow',
  specVersion: 'v1',
  summary: 'Native TensorFlow on all cores or a GPU: installed by `coco engine install`.',
  config: TensorflowEngineConfig,
  preference: 30,
  status,
  async start() {
    const native = load();
    await registerGradients();
    registerTensorflowKernels();
    if (!(await tf.setBackend('tensorflow'))) throw new CocoError('The engine tensorflow did not start.');
    return describe(native);
  },
};

async function status(): Promise<EngineStatus> {
  try {
    const native = load();
    return { available: true, detail: `${describe(native)}${missingGpu(native)}, in ${native.folder}` };
  } catch (error) {
    if (!(error instanceof CocoError)) throw error;
    if (unsupportedReason() || installedFolder()) return { available: false, detail: error.message };
    const { missing } = await findTools();
    const lacking = missing.length > 0 ? ` This machine lacks ${missing.join(', ')} for that.` : '';
    return { available: false, detail: error.message + lacking };
  }
}

function describe({ version, gpu }: Native): string {
  if (gpu) return `TensorFlow ${version}, GPU`;
  const threads = process.env.TF_NUM_INTRAOP_THREADS ?? availableParallelism();
  return `TensorFlow ${version}, CPU, ${threads} threads`;
}

function missingGpu({ cuda, gpu }: Native): string {
  if (!cuda || gpu) return '';
  return ' (built with CUDA, but found no GPU that it can use; with TF_CPP_MIN_LOG_LEVEL=0 TensorFlow says why)';
}

/** The build with CUDA goes first: it runs on the CPU too. */
function installedFolder(): string | undefined {
  return [bindingFolder(variants.gpu), bindingFolder(variants.cpu)].find(isPublished);
}

/** @throws CocoError that says why there is no native TensorFlow, and what would help */
function load(): Native {
  const unsupported = unsupportedReason();
  if (unsupported) throw new CocoError(`Native TensorFlow does not run here: ${unsupported}.`);
  const folder = installedFolder();
  if (!folder) {
    const node = `Node ${process.version}`;
    throw new CocoError(`Native TensorFlow is not installed for ${node}; \`coco engine install\` does it.`);
  }
  try {
    return loadNative(folder);
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    const help = 'run `coco engine install` again';
    throw new CocoError(`Native TensorFlow in ${folder} does not load (${reason}); ${help}.`, {
      cause: error,
    });
  }
}
