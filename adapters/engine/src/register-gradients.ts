let registered: Promise<unknown> | undefined;

/**
 * tfjs-core registers no gradient for its kernels; its layers package does so when imported, and nothing smaller that
 * Node can import does. Engines call this before anything trains.
 */
export async function registerGradients(): Promise<void> {
  registered ??= import('@tensorflow/tfjs-layers');
  await registered;
}
