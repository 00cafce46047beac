/** A program of its own: starts the native engine in the folder given and prints TensorFlow's version if it computes. */
import * as tf from '@tensorflow/tfjs-core';
import { loadNative } from '../load-native.js';

const native = loadNative(process.argv[2]);
await tf.setBackend('tensorflow');
const square = tf.matMul(tf.ones([2, 3]), tf.ones([3, 2])); // [2, 2]
const value = (await square.data())[0];
if (value !== 3) throw new Error(`an error in a product: ${value} instead of 3`);
process.stdout.write(native.version);
