/**
 * The part of Node's assert that the tests use. Core is compiled without Node's types, so that no Node built-in slips
 * into it.
 */
declare module 'node:assert/strict' {
  type Expected = RegExp | ((error: Error) => boolean) | (new (...args: never[]) => Error);
  interface Assert {
    (value: unknown, message?: string): asserts value;
    ok(value: unknown, message?: string): asserts value;
    equal(actual: unknown, expected: unknown, message?: string): void;
    notEqual(actual: unknown, expected: unknown, message?: string): void;
    deepEqual(actual: unknown, expected: unknown, message?: string): void;
    notDeepEqual(actual: unknown, expected: unknown, message?: string): void;
    match(value: string, expression: RegExp, message?: string): void;
    throws(run: () => unknown, expected?: Expected, message?: string): void;
    rejects(
      run: Promise<unknown> | (() => Promise<unknown>),
      expected?: Expected,
      message?: string,
    ): Promise<void>;
    fail(message?: string): never;
  }
  const assert: Assert;
  export default assert;
}
