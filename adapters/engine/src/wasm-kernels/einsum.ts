import * as tf from '@tensorflow/tfjs-core';
import { wasmKernel } from './heap.js';

/**
 * Einstein summation over one or two tensors, as a batched matrix product: labels that only one operand has and the
 * result lacks are summed first, those of both and of the result are the batch, the others of both are contracted.
 * tfjs has no gradient for einsum on any engine.
 */
export const einsum = wasmKernel<readonly tf.Tensor[], { equation: string }>(
  tf.Einsum,
  ({ inputs, attrs: { equation } }) =>
    tf.tidy(() => {
      const [left, right] = equation.replace(/\s/g, '').split('->');
      const labels = left.split(',').map((part) => [...part]);
      const { allDims, idDims } = tf.backend_util.decodeEinsumEquation(equation, inputs.length);
      tf.backend_util.checkEinsumDimSizes(allDims.length, idDims, [...inputs]);
      const output = [...(right ?? '')];
      const operands = labels.map((own, i) => {
        const others = new Set([...output, ...labels.flatMap((each, j) => (j === i ? [] : each))]);
        return summedTo(inputs[i], own, (label) => others.has(label));
      });
      return operands.length === 1 ? ordered(operands[0], output) : product(operands[0], operands[1], output);
    }),
);

interface Labelled {
  readonly values: tf.Tensor;
  readonly labels: readonly string[];
}

function summedTo(values: tf.Tensor, labels: readonly string[], keep: (label: string) => boolean): Labelled {
  const axes = labels.flatMap((label, axis) => (keep(label) ? [] : [axis]));
  return { values: axes.length ? tf.sum(values, axes) : values, labels: labels.filter(keep) };
}

function ordered({ values, labels }: Labelled, output: readonly string[]): tf.Tensor {
  return tf.transpose(
    values,
    output.map((label) => labels.indexOf(label)),
  );
}

function product(a: Labelled, b: Labelled, output: readonly string[]): tf.Tensor {
  const shared = a.labels.filter((label) => b.labels.includes(label));
  const batch = shared.filter((label) => output.includes(label));
  const contracted = shared.filter((label) => !output.includes(label));
  const rows = a.labels.filter((label) => !shared.includes(label));
  const columns = b.labels.filter((label) => !shared.includes(label));
  const lengths = new Map(
    [a, b].flatMap((each) => each.labels.map((label, i) => [label, each.values.shape[i]])),
  );
  const shape = (group: readonly string[]): number[] => group.map((label) => lengths.get(label) ?? 1);
  const size = (group: readonly string[]): number => tf.util.sizeFromShape(shape(group));
  const [batchSize, rowSize, width, columnSize] = [batch, rows, contracted, columns].map(size);
  const x = tf.reshape(ordered(a, [...batch, ...rows, ...contracted]), [batchSize, rowSize, width]);
  const y = tf.reshape(ordered(b, [...batch, ...contracted, ...columns]), [batchSize, width, columnSize]);
  const labels = [...batch, ...rows, ...columns];
  const values = tf.reshape(tf.matMul(x, y), shape(labels)); // [batch…, rows…, columns…]
  return ordered({ values, labels }, output);
}
