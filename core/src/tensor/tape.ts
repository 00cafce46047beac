import * as tf from '@tensorflow/tfjs-core';

/** The engine's own entry for ops with a gradient; private in its types, and what `tf.customGrad` calls. */
interface OpRunner {
  runKernelFunc(op: {
    inputs: tf.NamedTensorMap;
    forwardFunc: (backend: unknown, save: (tensors: tf.Tensor[]) => void) => tf.Tensor;
    backwardsFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => Record<string, () => tf.Tensor>;
  }): tf.Tensor;
}

/**
 * An op with a gradient written by hand. As `tf.customGrad`, but each input's gradient is a function that runs only if
 * something asks for it: a frozen weight costs nothing.
 * @param inputs what may need a gradient, by name; undefined ones are left out
 * @param forward runs without tape, inside a tidy; `save` keeps what the gradient reads. Everything the gradient reads
 *   must be saved: tensors made inside the tape are freed before the backward pass begins.
 * @param backward given the output's gradient and what was saved, in order; a gradient per input, of the input's shape
 */
export function customOp<Name extends string, Out extends tf.Tensor>(
  inputs: Partial<Record<Name, tf.Tensor>>,
  forward: (save: (tensors: tf.Tensor[]) => void) => Out,
  backward: (dy: Out, saved: tf.Tensor[]) => Record<Name, () => tf.Tensor>,
): Out {
  const given = Object.entries<tf.Tensor | undefined>(inputs).filter(
    (entry): entry is [string, tf.Tensor] => !!entry[1],
  );
  const runner = tf.engine() as unknown as OpRunner;
  return runner.runKernelFunc({
    inputs: Object.fromEntries(given),
    forwardFunc: (_backend, save) => forward(save),
    backwardsFunc: (dy, saved) => backward(dy as Out, saved),
  }) as Out;
}

/** Takes the gradients of rows gathered from some tables: `RowGradients`. */
export interface RowCollector {
  collects(table: tf.Tensor): boolean;
  /** @param table [V, D] @param ids [N] int32 @returns [N, D] */
  gather(table: tf.Tensor2D, ids: tf.Tensor1D): tf.Tensor2D;
}

let collector: RowCollector | undefined;

/** Runs `work` with a collector for the tape that it records; undefined: none. */
export function collecting<T>(by: RowCollector | undefined, work: () => T): T {
  const outer = collector;
  collector = by;
  try {
    return work();
  } finally {
    collector = outer;
  }
}

/** The one that collects for this table on the present tape. */
export function collectorOf(table: tf.Tensor): RowCollector | undefined {
  return collector?.collects(table) ? collector : undefined;
}

/** True where ops are being recorded for a gradient. */
export function tapeIsOn(): boolean {
  return tf.engine().isTapeOn();
}

/** Runs `fn` with the tape off: nothing is recorded, and nothing is kept for a gradient. @returns what `fn` returns */
export function withoutTape<T>(fn: () => T): T {
  const { state } = tf.engine();
  state.kernelDepth++; // the engine records nothing inside a kernel
  try {
    return fn();
  } finally {
    state.kernelDepth--;
  }
}

/**
 * Gradients on a tape of their own, so that it may be called anywhere: inside another op's forward or gradient function
 * (where `tf.grads` would discard the outer tape), or inside `withoutTape`.
 * @param f makes the output from `xs`
 * @param dy gradient of the output; default ones
 * @returns the output, and one gradient per x: undefined where the output does not depend on it
 */
export function gradientsOf<T extends tf.Tensor>(
  f: () => T,
  xs: readonly tf.Tensor[],
  dy?: T,
): { value: T; gradients: (tf.Tensor | undefined)[] } {
  const engine = tf.engine();
  const { state } = engine;
  const { activeTape, gradientDepth, kernelDepth } = state;
  Object.assign(state, { activeTape: [], gradientDepth: 0, kernelDepth: 0 });
  try {
    // A collector's anchor is on the outer tape.
    const { value, grads } = collecting(undefined, () => engine.gradients(f, [...xs], dy, true));
    return { value, gradients: grads.map((gradient) => (gradient as tf.Tensor | null) ?? undefined) };
  } catch (error) {
    for (const node of state.activeTape) tf.dispose(node.saved);
    throw error;
  } finally {
    Object.assign(state, { activeTape, gradientDepth, kernelDepth });
  }
}

/** Frees what a gradient that failed has saved for the way back, which tfjs keeps. */
export function disposeTape(): void {
  for (const { saved } of tf.engine().state.activeTape ?? []) if (saved) tf.dispose(saved);
}
