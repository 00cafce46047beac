import { isUtf8 } from 'node:buffer';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import { CocoError } from '@coco-rec/core';

/** Longer lines lose bytes of their middle: a text is capped later anyway. */
const longestRest = 4_000_000;
const pieceSize = 1 << 18;
const [lineFeed, carriageReturn] = [10, 13];

/** Where the reading of a file stands, for complaints. */
export interface Position {
  readonly path: string;
  /** The line that is read, from 1; its reader counts it up. */
  line: number;
}

/**
 * Reads a text file (gzip by name) as blocks of whole lines in valid UTF-8, without byte order mark, carriage returns
 * at line ends and NUL bytes. Each line ends with a line feed, the file's last perhaps not. A block may be used until
 * the next is asked for.
 */
export async function* readBlocks(position: Position): AsyncGenerator<Uint8Array> {
  const { path } = position;
  const info = await stat(path).catch(() => undefined);
  if (!info) throw new CocoError(`There is no file ${path}.`);
  if (!info.isFile()) throw new CocoError(`${path} is not a file.`);
  if (info.size === 0) throw new CocoError(`${path} is empty.`);
  const raw = createReadStream(path, { highWaterMark: pieceSize });
  const input = path.endsWith('.gz') ? raw.pipe(createGunzip({ chunkSize: pieceSize })) : raw;
  raw.on('error', (error) => input.destroy(error));
  try {
    yield* wholeLines(input);
  } catch (error) {
    if (error instanceof CocoError) throw error;
    throw new CocoError(
      `${path}, after line ${position.line}: cannot be read (${(error as Error).message}).`,
      { cause: error },
    );
  }
}

async function* wholeLines(input: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let bytes = new Uint8Array(2 * pieceSize);
  let used = 0;
  let isStart = true;
  for await (const piece of input) {
    if (used + piece.length > bytes.length) {
      const longer = new Uint8Array(2 * (used + piece.length));
      longer.set(bytes.subarray(0, used));
      bytes = longer;
    }
    bytes.set(piece, used);
    const end = piece.lastIndexOf(lineFeed) + 1;
    if (end === 0) {
      used = Math.min(used + piece.length, longestRest);
      continue;
    }
    yield tidied(bytes.subarray(0, used + end), isStart);
    isStart = false;
    bytes.set(piece.subarray(end));
    used = piece.length - end;
  }
  if (used > 0) yield tidied(bytes.subarray(0, used), isStart);
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const encoder = new TextEncoder();

/** Changes `block` where it stands, if that does. */
function tidied(block: Uint8Array, isStart: boolean): Uint8Array {
  const hasMark = isStart && block[0] === 0xef && block[1] === 0xbb && block[2] === 0xbf;
  const marked = hasMark ? block.subarray(3) : block;
  const bytes = isUtf8(marked) ? marked : encoder.encode(decoder.decode(marked));
  if (!bytes.includes(carriageReturn) && !bytes.includes(0)) return bytes;
  let end = 0;
  for (let i = 0; i < bytes.length; i++) {
    const isLineEnd = i + 1 === bytes.length || bytes[i + 1] === lineFeed;
    if (bytes[i] !== 0 && !(bytes[i] === carriageReturn && isLineEnd)) bytes[end++] = bytes[i];
  }
  return bytes.subarray(0, end);
}
