export const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');

const patterns = new Map<string, RegExp>();

/** The wording as words of their own, whatever the case. */
export function spoken(wording: string): RegExp {
  let pattern = patterns.get(wording);
  if (!pattern) {
    pattern = new RegExp(`(?<![\\p{L}\\d])${escaped(wording)}(?![\\p{L}\\d])`, 'iu');
    patterns.set(wording, pattern);
  }
  return pattern;
}
