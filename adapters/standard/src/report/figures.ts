/** How figures are written in tables: in the terminal and in reports alike. */

const dash = '–';

/** A metric with four decimals; a dash where it was not measured. */
export function metricText(value: number | undefined): string {
  return value === undefined || !Number.isFinite(value) ? dash : value.toFixed(4);
}

/** A fraction as a percentage with its sign: 0.0123 → "+1.2 %". */
export function gainText(fraction: number | undefined): string {
  if (fraction === undefined || !Number.isFinite(fraction)) return dash;
  const rounded = (100 * fraction).toFixed(1);
  return `${fraction >= 0 && !rounded.startsWith('-') ? '+' : ''}${rounded === '-0.0' ? '0.0' : rounded} %`;
}

/** "+0.3 … +2.1 %" */
export function intervalText(from: number, to: number): string {
  if (!Number.isFinite(from) || !Number.isFinite(to)) return dash;
  return `${gainText(from).replace(' %', '')} … ${gainText(to)}`;
}

/** A p value: three decimals, "< 0.001" below that. */
export function pText(p: number | undefined): string {
  if (p === undefined || !Number.isFinite(p)) return dash;
  return p < 0.001 ? '< 0.001' : p.toFixed(3);
}

/** Seconds as "8.2 s", "3 min 05 s" or "2 h 10 min". */
export function durationText(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return dash;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${String(whole % 60).padStart(2, '0')} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}

/** "recall@5" → "R@5", "ndcg@5" → "N@5"; other names stay. */
export function metricLabel(name: string): string {
  return name
    .replace(/^recall@/, 'R@')
    .replace(/^ndcg@/, 'N@')
    .replace(/^mrr$/, 'MRR');
}

/** What a filter does, in words. */
export function filterText(filter: unknown): string {
  return filter === 'seen' ? 'seen items removed' : 'seen items kept';
}

export function otherFilterOf(filter: unknown): 'none' | 'seen' {
  return filter === 'seen' ? 'none' : 'seen';
}
