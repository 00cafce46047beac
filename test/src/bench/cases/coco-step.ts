import * as tf from '@tensorflow/tfjs-core';
import { type DecoderPass, type FusionStrategy, gradientsOf } from '@coco-rec/core';
import { LocalDecoder } from '@coco-rec/llm';
import {
  type BenchCase,
  type BenchContext,
  type Measurement,
  type Times,
  median,
  timed,
} from '../bench-case.js';
import { type Opened, configFor, open } from '../beauty.js';
import { needsData, needsModel } from '../options.js';
import { TrainingSteps } from '../training-steps.js';

const layers = 6;
/** Shares of the histories that teach the language model. */
const shares = [1, 0.5, 0.1];
/** What a step may cost over the sum of its parts. */
const allowance = 1.3;
const step = 0;

/** A reading of the decoder: what is needed to repeat it. */
interface Reading {
  readonly decoder: LocalDecoder;
  readonly shape: readonly [number, number, number];
  readonly pass?: DecoderPass;
}

export const cocoStep: BenchCase = {
  id: 'coco-step',
  summary: `a CoCo training step with ${layers} blocks of SmolLM2, where all, half and a tenth of the histories teach it`,
  missing: (options) => needsData(options) ?? needsModel(options),
  run: async (context) => {
    const { options } = context;
    const config = configFor(options, options.engine, {
      knowledge: { id: 'local', model: options.model, layers },
      fusion: 'coco',
    });
    const opened = await open(config);
    const { model } = opened.ranker;
    openGates(opened);
    const steps = new TrainingSteps(opened, config);
    model.fused = false;
    const bare = await repeatedly(context, () => steps.run(step));
    model.fused = true;
    const readings = await readingsOf(() => steps.run(step));
    const forward = await repeatedly(context, () => readings.forEach(readOnce));
    const both = await repeatedly(context, () => readings.forEach(learnOnce));
    const figures: Measurement[] = [];
    for (const share of shares) {
      const times = await withShare(model.fusion, share, () => repeatedly(context, () => steps.run(step)));
      const parts = median(bare.values) + median(forward.values) + share * median(both.values);
      figures.push({
        name: `CoCo step of ${steps.usersOf(step)} users, ${share * 100} % teach the LLM`,
        unit: 's',
        ...times,
        limit: parts,
        goal: allowance * parts,
        note: `limit: backbone step ${median(bare.values).toFixed(3)} s + LLM forward ${median(forward.values).toFixed(3)} s + ${share} × LLM forward and backward ${median(both.values).toFixed(3)} s; an epoch has ${steps.count} steps`,
      });
    }
    steps.dispose();
    opened.dispose();
    return figures;
  },
};

async function repeatedly({ options, measureRate }: BenchContext, work: () => unknown): Promise<Times> {
  const times: Times = { values: [], processorValues: [] };
  for (let i = 0; i < options.repeats; i++) {
    measureRate();
    await timed(times, work);
  }
  return times;
}

/** A closed gate would leave the language model out. */
function openGates({ ranker }: Opened): void {
  const gates = ranker.model.parameters.entries().filter(({ name }) => name.endsWith('/gate'));
  for (const { variable } of gates) tf.tidy(() => variable.assign(tf.fill(variable.shape, 0.05)));
}

/** The readings of the language model in a step's forward pass. */
async function readingsOf(work: () => Promise<void>): Promise<Reading[]> {
  const found: Reading[] = [];
  const own = LocalDecoder.prototype.forward;
  LocalDecoder.prototype.forward = function (embeddings, lengths, pass) {
    // With a tape of its own it is a part of the backward pass.
    if (tf.engine().state.gradientDepth === 0 || tf.engine().state.kernelDepth > 0)
      found.push({ decoder: this, shape: embeddings.shape, pass });
    return own.call(this, embeddings, lengths, pass);
  };
  try {
    await work();
  } finally {
    LocalDecoder.prototype.forward = own;
  }
  return found;
}

function readOnce({ decoder, shape, pass }: Reading): void {
  tf.tidy(() => void decoder.forward(tf.randomNormal([...shape]), lengthsOf(shape), pass).dataSync());
}

function learnOnce({ decoder, shape, pass }: Reading): void {
  tf.tidy(() => {
    const x: tf.Tensor3D = tf.randomNormal([...shape]);
    const forward = (): tf.Tensor3D => decoder.forward(x, lengthsOf(shape), pass);
    gradientsOf(forward, [x, ...(pass?.lora?.variables ?? [])]).gradients[0]?.dataSync();
  });
}

const lengthsOf = ([B, T]: readonly [number, number, number]): Int32Array => new Int32Array(B).fill(T);

interface JudgedStep {
  readonly layout: { readonly sequenceOf: Int32Array };
  readonly mask?: { set(values: Float32Array): void };
}

/** Runs `work` with a fixed share of the histories judged as not helped, in place of eq. 8. */
async function withShare<T>(fusion: FusionStrategy, share: number, work: () => Promise<T>): Promise<T> {
  const target = fusion as unknown as { judge: (step: JudgedStep, ...rest: unknown[]) => unknown };
  const own = target.judge;
  target.judge = function (judged, ...rest) {
    const result = own.call(this, judged, ...rest);
    const golden = (sequence: number): number => (sequence * 0.6180339887) % 1; // spreads over all lengths
    judged.mask?.set(Float32Array.from(judged.layout.sequenceOf, (s) => (golden(s) < share ? 0 : 1)));
    return result;
  };
  try {
    return await work();
  } finally {
    target.judge = own;
  }
}
