/** Sequences that answer side by side, as llama.cpp is quick with them. */
import type {
  BatchItem,
  BatchShare,
  Llama,
  LlamaContext,
  LlamaModel,
  LlamaSequence,
  Token,
} from './llama-module.js';

/**
 * Contexts that compute side by side, each on threads of its own. Two threads of one context wait for each other many
 * times a token, and long where another program has a processor; those of two contexts never do. Node computes on four
 * threads.
 */
const maxContexts = 4;

export interface PlacedSequence {
  readonly sequence: LlamaSequence;
  /** Its number in its context: the priority to evaluate it with. */
  readonly place: number;
}

interface Wanted {
  readonly sequences: number;
  /** Tokens of a sequence. */
  readonly contextSize: number;
  readonly threads?: number;
  readonly gpu: boolean;
}

/** Makes `sequences` sequences, in as many contexts as there are threads, four at most; on a GPU in one. */
export async function createSequences(
  llama: Llama,
  model: LlamaModel,
  { sequences, contextSize, threads = llama.cpuMathCores, gpu }: Wanted,
): Promise<PlacedSequence[]> {
  const shares = shareOut(sequences, contextCount(threads, gpu));
  const create = (share: number): Promise<LlamaContext> =>
    model.createContext({
      sequences: share,
      contextSize,
      threads: Math.max(1, Math.floor(threads / shares.length)),
      flashAttention: true,
      batching: { itemPrioritizationStrategy: inOrderOfPlaces },
    });
  const contexts = await Promise.all(shares.map(create));
  return contexts.flatMap((context, i) =>
    Array.from({ length: shares[i] }, (_, place) => ({ sequence: context.getSequence(), place })),
  );
}

/** Contexts that use `threads` threads best; a GPU is used best by one. */
export function contextCount(threads: number, gpu: boolean): number {
  return gpu ? 1 : Math.min(threads, maxContexts);
}

/** @returns `count` in at most `parts` parts, none of them 0, that differ by one at most */
export function shareOut(count: number, parts: number): number[] {
  const length = Math.min(count, parts);
  return Array.from({ length }, (_, i) => Math.floor((count + i) / length));
}

/**
 * Fills a batch by the places of the sequences. llama.cpp computes together what stands in a batch with rising numbers
 * without a gap; in any other order it cuts the batch in pieces, of two or three sequences if the order is by chance.
 */
export function inOrderOfPlaces({
  items,
  size,
}: {
  readonly items: readonly BatchItem[];
  readonly size: number;
}): BatchShare[] {
  const shares: BatchShare[] = [];
  let left = size;
  for (const item of [...items].sort((a, b) => a.evaluationPriority - b.evaluationPriority)) {
    const processAmount = Math.min(item.tokens.length, left);
    if (processAmount > 0) shares.push({ item, processAmount });
    left -= processAmount;
  }
  return shares;
}

/** Takes out the sequence that has read most of the tokens' beginning, of equal ones the last. */
export function takeBest(free: PlacedSequence[], tokens: Token[]): PlacedSequence | undefined {
  let best = -1;
  let most = -1;
  for (const [i, { sequence }] of free.entries()) {
    const { firstDifferentIndex: read } = sequence.compareContextTokens(tokens);
    if (read >= most) [best, most] = [i, read];
  }
  return best < 0 ? undefined : free.splice(best, 1)[0];
}
