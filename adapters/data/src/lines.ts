import { readBlocks } from './blocks.js';

/** Some lines of a file; `first` is the number of the first of them, from 1. */
export interface LineBlock {
  readonly lines: readonly string[];
  readonly first: number;
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** The lines of a text file as strings, block by block; see `readBlocks`. */
export async function* readLines(path: string): AsyncGenerator<LineBlock> {
  const position = { path, line: 0 };
  for await (const block of readBlocks(position)) {
    const lines = decoder.decode(block).split('\n');
    if (lines.at(-1) === '') lines.pop();
    if (lines.length > 0) yield { lines, first: position.line + 1 };
    position.line += lines.length;
  }
}
