import assert from 'node:assert/strict';
import { CocoError } from '@coco-rec/core';

/** The call fails with a CocoError of one sentence that says what `pattern` asks for. */
export function throwsPlainly(call: () => unknown, pattern: RegExp): void {
  assert.throws(call, (error: Error) => {
    assert.ok(error instanceof CocoError, `not a CocoError: ${error.stack}`);
    assert.match(error.message, pattern);
    assert.doesNotMatch(error.message, /\n/);
    return true;
  });
}

/** The same of a call that answers later. */
export async function rejectsPlainly(call: () => unknown, pattern: RegExp): Promise<void> {
  let failure: { error: unknown } | undefined;
  try {
    await call();
  } catch (error) {
    failure = { error };
  }
  throwsPlainly(() => {
    if (failure) throw failure.error;
  }, pattern);
}

/** The call succeeds or fails with a CocoError; anything else is thrown on. @returns whether it succeeded */
export function succeedsOrComplains(call: () => void): boolean {
  try {
    call();
    return true;
  } catch (error) {
    if (error instanceof CocoError) return false;
    throw error;
  }
}
