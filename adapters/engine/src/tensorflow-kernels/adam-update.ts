import * as tf from '@tensorflow/tfjs-core';
import { type AdamNumbers, adamKernel } from '@coco-rec/core';
import { type NativeBackend, noAttributes, numberOf } from './native-backend.js';

/**
 * Adam's step by TensorFlow's `ResourceApplyAdam`: one pass over memory by all threads, where the plain ops make ten.
 * The op works on TensorFlow's own variables. Three of them are lent the tensors for the time of the op; since nobody
 * else holds the tensors' memory meanwhile, it is changed in place.
 */
export const adamUpdate: tf.KernelConfig = {
  kernelName: adamKernel,
  backendName: 'tensorflow',
  kernelFunc: ({ inputs, attrs, backend }) => {
    const native = backend as NativeBackend;
    const { gradient, ...changed } = inputs as Record<string, tf.Tensor>;
    const { beta1, beta2, stepSize, epsilon, decay, shrink } = attrs as unknown as AdamNumbers;
    const variables = [changed.variable, changed.first, changed.second] as tf.Variable[];
    const slots = slotsOf(native);
    variables.forEach((variable, i) => lend(native, variable, slots[i], i === 0 ? decay : 1));
    const slope = scaled(native, native.getInputTensorIds([gradient])[0], shrink);
    // The bias corrections are in stepSize and epsilon, so the powers of the betas are 0.
    const numbers = [0, 0, stepSize, beta1, beta2, epsilon].map((value) => numberOf(native, value));
    native.binding.executeOp('ResourceApplyAdam', noAttributes, [...slots, ...numbers, slope.id], 0);
    if (slope.own) native.binding.deleteTensor(slope.id);
    variables.forEach((variable, i) => takeBack(native, variable, slots[i]));
    return [];
  },
};

let slots: readonly number[] | undefined;

/** TensorFlow's variables for the weights, the first and the second moments. */
function slotsOf({ binding }: NativeBackend): readonly number[] {
  slots ??= ['variable', 'first', 'second'].map((name) => {
    const attributes = [
      { name: 'dtype', type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT },
      { name: 'shape', type: binding.TF_ATTR_SHAPE, value: [] },
      { name: 'shared_name', type: binding.TF_ATTR_STRING, value: `coco/adam/${name}` },
    ];
    return binding.executeOp('VarHandleOp', attributes, [], 1)[0].id;
  });
  return slots;
}

/** Moves a variable's values, times `factor`, into a slot; until `takeBack` the variable has none. */
function lend(native: NativeBackend, variable: tf.Variable, slot: number, factor: number): void {
  const { binding } = native;
  const [id] = native.getInputTensorIds([variable]);
  const lent = scaled(native, id, factor);
  binding.executeOp('AssignVariableOp', noAttributes, [slot, lent.id], 0);
  if (lent.own) binding.deleteTensor(lent.id);
  const entry = native.tensorMap.get(variable.dataId);
  if (entry.refCount > 1) return; // another tensor has this memory too: the op will make a copy
  binding.deleteTensor(id);
  entry.id = -1;
}

function takeBack(native: NativeBackend, variable: tf.Variable, slot: number): void {
  const attributes = [{ name: 'dtype', type: native.binding.TF_ATTR_TYPE, value: native.binding.TF_FLOAT }];
  const [output] = native.binding.executeOp('ReadVariableOp', attributes, [slot], 1);
  const entry = native.tensorMap.get(variable.dataId);
  if (entry.refCount > 1)
    tf.tidy(() => variable.assign(native.createOutputTensor(output) as typeof variable));
  else entry.id = output.id;
}

/** @returns the tensor itself where the factor is 1, else one that the caller deletes */
function scaled(native: NativeBackend, id: number, factor: number): { id: number; own: boolean } {
  if (factor === 1) return { id, own: false };
  const [product] = native.binding.executeOp('Mul', noAttributes, [id, numberOf(native, factor)], 1);
  return { id: product.id, own: true };
}
