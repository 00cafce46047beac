/** Why something failed, as part of a sentence: the first line of what was thrown, without an end that leads on. */
export function reasonOf(error: unknown): string {
  const [line] = (error instanceof Error ? error.message : String(error)).split('\n');
  return line.replace(/ This may be due to one of the following reasons:$/, '').replace(/[.:\s]+$/, '');
}
