import { CocoError } from '@coco-rec/core';

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
