import * as tf from '@tensorflow/tfjs-core';

/**
 * Matrices that keep the lowest frequencies of each history: the real DFT over its own positions, all but the
 * frequencies 0 to `highest` set to 0, and back. Linear, so one product does it on every engine; padding gives and gets 0.
 * @param lengths [B] positions of each history, padding on the right @param length T @returns [B, T, T], symmetric
 */
export function lowPassMatrices(lengths: Int32Array, length: number, highest: number): tf.Tensor3D {
  const kernels = new Map<number, Float32Array>();
  const values = new Float32Array(lengths.length * length * length);
  lengths.forEach((own, b) => {
    let kernel = kernels.get(own);
    if (!kernel) kernels.set(own, (kernel = lowPassKernel(own, highest)));
    for (let t = 0; t < own; t++) {
      const row = (b * length + t) * length;
      for (let s = 0; s < own; s++) values[row + s] = kernel[Math.abs(t - s)];
    }
  });
  return tf.tensor3d(values, [lengths.length, length, length]);
}

/** What a position gives to another by their distance. @returns [length] */
function lowPassKernel(length: number, highest: number): Float32Array {
  const last = Math.min(highest, Math.floor(length / 2));
  return Float32Array.from({ length }, (_, distance) => {
    let sum = 1;
    for (let frequency = 1; frequency <= last; frequency++) {
      const halves = 2 * frequency === length ? 1 : 2; // but for the highest of an even length there are two of each
      sum += halves * Math.cos((2 * Math.PI * frequency * distance) / length);
    }
    return sum / length;
  });
}
