/** All that is counted, as plain JSON. */
export interface GaugeState {
  readonly usage: readonly number[];
  readonly prompts: readonly (readonly [number, number])[];
  readonly rows: number;
  readonly helped: number;
  readonly gateSum: number;
  readonly steps: number;
  readonly histories: number;
  readonly teaching: number;
  /** The share of histories that taught in the epoch before. */
  readonly teachingShare?: number;
}

/** Figures of an epoch's training steps for the log. */
export class Gauges {
  /** Selections of each codeword. */
  readonly usage: Float64Array;
  /** How often m prompts were selected, by m. */
  private readonly prompts = new Map<number, number>();
  private rows = 0;
  private helped = 0;
  private gateSum = 0;
  private steps = 0;
  private histories = 0;
  private teaching = 0;
  teachingShare?: number;

  constructor(codewords: number) {
    this.usage = new Float64Array(codewords);
  }

  countSelection(counts: Int32Array, codewords: Int32Array): void {
    for (const m of counts) this.prompts.set(m, (this.prompts.get(m) ?? 0) + 1);
    for (const codeword of codewords) this.usage[codeword]++;
  }

  /** @param teaching histories with a row of M = 0 */
  countHelped(share: number, rows: number, teaching: number, histories: number): void {
    this.rows += rows;
    this.helped += share * rows;
    this.teaching += teaching;
    this.histories += histories;
  }

  countStep(gate: number | undefined): void {
    this.steps++;
    this.gateSum += gate ?? 0;
  }

  /** What was counted since `reset`. */
  report(): Record<string, number> {
    const record: Record<string, number> = {};
    if (this.steps > 0) record['mean |g|'] = this.gateSum / this.steps;
    if (this.rows > 0) record['share of M = 1'] = this.helped / this.rows;
    return { ...record, ...this.promptFigures(), ...this.usageFigures() };
  }

  private promptFigures(): Record<string, number> {
    const all = [...this.prompts].sort(([a], [b]) => a - b);
    const total = all.reduce((sum, [, count]) => sum + count, 0);
    if (total === 0) return {};
    const quantile = (q: number): number => {
      let left = q * total;
      return (all.find(([, count]) => (left -= count) <= 0) ?? all[all.length - 1])[0];
    };
    return {
      'm mean': all.reduce((sum, [m, count]) => sum + m * count, 0) / total,
      'm min': all[0][0],
      'm 10 %': quantile(0.1),
      'm median': quantile(0.5),
      'm 90 %': quantile(0.9),
      'm max': all[all.length - 1][0],
    };
  }

  /** Share of codewords in use; perplexity of their use, at most K. */
  private usageFigures(): Record<string, number> {
    const total = this.usage.reduce((a, b) => a + b, 0);
    if (total === 0) return {};
    const entropy = this.usage.reduce((sum, n) => (n > 0 ? sum - (n / total) * Math.log(n / total) : sum), 0);
    const used = this.usage.reduce((count, n) => count + (n > 0 ? 1 : 0), 0);
    return { 'codebook usage': used / this.usage.length, 'codebook perplexity': Math.exp(entropy) };
  }

  state(): GaugeState {
    const { usage, prompts, rows, helped, gateSum, steps, histories, teaching, teachingShare } = this;
    const sums = { rows, helped, gateSum, steps, histories, teaching, teachingShare };
    return { usage: [...usage], prompts: [...prompts], ...sums };
  }

  restore({ usage, prompts, ...sums }: GaugeState): void {
    this.usage.set(usage);
    this.prompts.clear();
    for (const [m, count] of prompts) this.prompts.set(m, count);
    Object.assign(this, sums);
  }

  /** Begins an epoch. */
  reset(): void {
    this.usage.fill(0);
    this.prompts.clear();
    if (this.histories > 0) this.teachingShare = this.teaching / this.histories;
    this.rows = this.helped = this.gateSum = this.steps = this.histories = this.teaching = 0;
  }
}
