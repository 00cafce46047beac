/**
 * Byte-pair encoding on bytes (Sennrich et al. 2016; the byte alphabet of GPT-2, Radford et al. 2019), written as a
 * Hugging Face `tokenizer.json`.
 */

/** Token 0: ends every text. */
export const endToken = '<|end|>';

/** GPT-2's alphabet: each byte as a printable character. */
function byteAlphabet(): string[] {
  const isPlain = (byte: number): boolean =>
    (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(isPlain(byte) ? byte : next++));
}

/** GPT-2's splitting rule: words with the space before them, digits, punctuation, space. */
const words = /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu;

interface Word {
  pieces: string[];
  readonly count: number;
}

/** The tokenizer.json of a vocabulary of `size` tokens: the end token, 256 bytes, and merges learnt from `texts`. */
export function trainBytePair(texts: readonly string[], size: number): object {
  const alphabet = byteAlphabet();
  const counts = new Map<string, number>();
  for (const text of texts) {
    for (const [word] of text.matchAll(words)) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  const list: Word[] = [...counts].map(([word, count]) => ({
    pieces: [...new TextEncoder().encode(word)].map((byte) => alphabet[byte]),
    count,
  }));
  const vocabulary = [endToken, ...alphabet];
  const merges: [string, string][] = [];
  while (vocabulary.length < size) {
    const best = mostFrequentPair(list);
    if (!best) break;
    merges.push(best);
    vocabulary.push(best.join(''));
    for (const word of list) word.pieces = merge(word.pieces, best);
  }
  return tokenizerJson(vocabulary, merges);
}

function mostFrequentPair(list: readonly Word[]): [string, string] | undefined {
  const counts = new Map<string, number>();
  for (const { pieces, count } of list) {
    for (let i = 0; i + 1 < pieces.length; i++) {
      const key = `${pieces[i]} ${pieces[i + 1]}`;
      counts.set(key, (counts.get(key) ?? 0) + count);
    }
  }
  let best: string | undefined;
  let most = 1; // a pair seen once is no pattern
  for (const [key, count] of counts) if (count > most) [best, most] = [key, count];
  return best?.split(' ') as [string, string] | undefined;
}

function merge(pieces: readonly string[], [left, right]: readonly [string, string]): string[] {
  const merged: string[] = [];
  for (let i = 0; i < pieces.length; i++) {
    const isPair = pieces[i] === left && pieces[i + 1] === right;
    merged.push(isPair ? left + right : pieces[i]);
    if (isPair) i++;
  }
  return merged;
}

function tokenizerJson(vocabulary: readonly string[], merges: readonly [string, string][]): object {
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
  return {
    version: '1.0',
    added_tokens: [{ id: 0, content: endToken, special: true }],
    normalizer: null,
    pre_tokenizer: byteLevel,
    post_processor: null,
    decoder: byteLevel,
    model: { type: 'BPE', vocab: Object.fromEntries(vocabulary.map((token, id) => [token, id])), merges },
  };
}
