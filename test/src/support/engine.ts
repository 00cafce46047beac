import { startEngine } from '@coco-rec/engine';

/** The engine that the numeric tests run on: $COCO_TEST_ENGINE, by default the one that works everywhere. */
export const testEngine = process.env.COCO_TEST_ENGINE ?? 'wasm';

/** Starts it; for `before`. */
export async function startTestEngine(): Promise<void> {
  await startEngine(testEngine);
}
