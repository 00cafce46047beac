import type { CodebookConfig } from './groups.js';

/** Selected prompts: pairs (sequence, codeword), sequence by sequence, by falling cosine. */
export interface Selection {
  /** [S] m of each sequence. */
  readonly counts: Int32Array;
  /** [M] */
  readonly sequences: Int32Array;
  /** [M] */
  readonly codewords: Int32Array;
}

type Rule = Pick<Required<CodebookConfig>, 'rule' | 'threshold' | 'temperature' | 'maxPrompts'>;

/**
 * Selects prompts by their cosines with the queries (decision 1).
 * - `cosine`: those above θ, always the best one, at most `maxPrompts`.
 * - `relative`: the same on softmax(c / τ) over its largest value.
 * - `softmax`: softmax(c) itself, literally: none may pass.
 * @param cosines [S·K]
 */
export function selectPrompts(cosines: Float32Array, size: number, rule: Rule): Selection {
  const count = cosines.length / size;
  const counts = new Int32Array(count);
  const sequences: number[] = [];
  const codewords: number[] = [];
  for (let s = 0; s < count; s++) {
    const own = cosines.subarray(s * size, (s + 1) * size);
    const marks = marksOf(own, rule);
    const order = Array.from(own.keys()).sort((a, b) => own[b] - own[a]);
    const passing = order.filter((i) => marks[i] > rule.threshold).slice(0, rule.maxPrompts);
    const chosen = passing.length > 0 || rule.rule === 'softmax' ? passing : [order[0]];
    counts[s] = chosen.length;
    for (const codeword of chosen) {
      sequences.push(s);
      codewords.push(codeword);
    }
  }
  return { counts, sequences: Int32Array.from(sequences), codewords: Int32Array.from(codewords) };
}

/** What is compared with θ. */
function marksOf(cosines: Float32Array, { rule, temperature }: Rule): Float32Array {
  if (rule === 'cosine') return cosines;
  const largest = cosines.reduce((a, b) => Math.max(a, b), -Infinity);
  const scale = rule === 'relative' ? temperature : 1;
  const powers = cosines.map((c) => Math.exp((c - largest) / scale)); // the largest is 1
  if (rule === 'relative') return powers;
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}
