import { CocoError, type Times, mostSeconds } from '@coco-rec/core';

const [point, zero, nine] = [46, 48, 57];
const mostDigits = 15;
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** A time as written: a number, or a date in seconds since 1970. @param place makes "FILE, line 7", for complaints */
export function readTime(text: string, place: () => string): number {
  const time = Number(text);
  if (Number.isFinite(time) && (time !== 0 || text.trim() !== '')) return time; // Number('') is 0
  const date = Date.parse(text);
  if (text.trim() !== '' && Number.isFinite(date)) return date / 1000;
  throw new CocoError(
    `${place()}: the time ${JSON.stringify(text.slice(0, 40))} is neither a number nor a date.`,
  );
}

/** The same for UTF-8 at bytes[from..to]. Digits, perhaps with a point, are read without making a string. */
export function readTimeBytes(bytes: Uint8Array, from: number, to: number, place: () => string): number {
  let whole = 0; // exact, as is the scale, and so their ratio is what `Number` gives
  let scale = 0;
  let digits = 0;
  let i = from;
  for (; i < to && digits <= mostDigits; i++) {
    const byte = bytes[i];
    if (byte >= zero && byte <= nine) {
      whole = whole * 10 + byte - zero;
      scale *= 10;
      digits++;
    } else if (byte === point && scale === 0) scale = 1;
    else break;
  }
  if (i === to && digits > 0 && digits <= mostDigits) return scale > 1 ? whole / scale : whole;
  return readTime(decoder.decode(bytes.subarray(from, to)), place);
}

/**
 * Makes seconds of times in milliseconds, micro- or nanoseconds, where they stand: all of them or none.
 * @returns a sentence for people if they were, or if their unit is not clear
 */
export function toSeconds(times: Times): string | undefined {
  let [first, last] = [Infinity, -Infinity];
  for (const time of times) {
    if (time < first) first = time;
    if (time > last) last = time;
  }
  if (!(last > mostSeconds)) return undefined;
  if (!(first > mostSeconds)) {
    return (
      `the times from ${first} to ${last} cannot all be in seconds, nor all in milliseconds, and are left as they ` +
      'are. Write all of them in seconds since 1970.'
    );
  }
  const power = first > 1e17 ? 3 : first > 1e14 ? 2 : 1;
  for (let i = 0; i < times.length; i++) times[i] /= 1000 ** power;
  const unit = ['milliseconds', 'microseconds', 'nanoseconds'][power - 1];
  return `the times are in ${unit}, by their size; they were divided by ${1000 ** power} to make seconds.`;
}
