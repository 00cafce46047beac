import * as tf from '@tensorflow/tfjs-core';
import { CocoError, type EngineDescriptor } from '@coco-rec/core';
import { registerGradients } from './register-gradients.js';

export class CpuEngineConfig {}

/** tfjs's reference engine in plain JavaScript: slow, and always there. */
export const cpuEngine: EngineDescriptor<CpuEngineConfig> = {
  kind: 'engine',
  id: 'cpu',
  specVersion: 'v1',
  summary: 'Plain JavaScript, one thread: the slow reference that runs anywhere.',
  config: CpuEngineConfig,
  preference: 10,
  status: () => Promise.resolve({ available: true, detail: describe() }),
  async start() {
    await registerGradients();
    await import('@tensorflow/tfjs-backend-cpu');
    if (!(await tf.setBackend('cpu'))) throw new CocoError('The engine cpu did not start.');
    const backend = tf.backend() as unknown as { firstUse: boolean };
    backend.firstUse = false; // else it advises, on its first op, to install another package
    return describe();
  },
};

function describe(): string {
  return `tfjs CPU ${tf.version_core}, 1 thread`;
}
