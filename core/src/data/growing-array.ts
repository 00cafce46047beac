type Growing = Uint8Array | Int32Array | Uint32Array | Float64Array;

/** What is transferred to a closed port is gone: the one way to free memory at once that every engine knows. */
const closedPort = ((): MessagePort => {
  const { port1 } = new MessageChannel();
  port1.close();
  return port1;
})();

/** Frees the array's memory now, where the collector may wait for long. Neither it nor a view of it can be used then. */
export function free(array: Growing): void {
  closedPort.postMessage(null, [array.buffer as ArrayBuffer]);
}

/** @returns a copy with more room, zero beyond the old end; `array` is freed */
export function grown<T extends Growing>(array: T, length: number): T {
  const longer = new (array.constructor as new (length: number) => T)(length);
  longer.set(array);
  free(array);
  return longer;
}
