/** So many words of the instructions in a row are no chance. */
const echoWords = 8;

const wordsOf = (text: string): string[] => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];

/** Whether an answer repeats its instructions: 8 words of them in a row, or all of them where there are fewer. */
export function repeatsInstructions(answer: string, instructions: string): boolean {
  const known = wordsOf(instructions);
  const length = Math.min(echoWords, known.length);
  if (length === 0) return false;
  const runs = new Set<string>();
  for (let i = 0; i + length <= known.length; i++) runs.add(known.slice(i, i + length).join(' '));
  const said = wordsOf(answer);
  for (let i = 0; i + length <= said.length; i++) {
    if (runs.has(said.slice(i, i + length).join(' '))) return true;
  }
  return false;
}
