import * as tf from '@tensorflow/tfjs-core';
import { rowUpdateKernel } from '@coco-rec/core';
import { type NativeBackend, noAttributes, runOp } from './native-backend.js';

/**
 * Tables whose memory is known to be TensorFlow's own: that of others may be an array of ours, such as weights kept for
 * later, which must not change with them.
 */
const own = new WeakSet<tf.DataId>();

/**
 * Rows of a table changed where they stand, by TensorFlow's `InplaceUpdate`: its cost does not grow with the table. It
 * would also change whatever else has the memory, so where that may be, a changed copy is made.
 */
export const rowUpdate: tf.KernelConfig = {
  kernelName: rowUpdateKernel,
  backendName: 'tensorflow',
  kernelFunc: ({ inputs, backend }) => {
    const native = backend as NativeBackend;
    const { table, ids, values } = inputs as Record<string, tf.Tensor>;
    const { dataId } = table;
    if (own.has(dataId) && native.tensorMap.get(dataId).refCount === 1) {
      const inPlace = native.getInputTensorIds([table, ids, values]);
      const [output] = native.binding.executeOp('InplaceUpdate', noAttributes, inPlace, 1);
      native.binding.deleteTensor(output.id);
    } else {
      tf.tidy(() => {
        const indices = tf.reshape(ids, [-1, 1]);
        const changed = runOp(native, 'TensorScatterUpdate', [table, indices, values]);
        (table as tf.Variable).assign(changed as tf.Variable);
      });
      own.add(table.dataId);
    }
    return [];
  },
};
