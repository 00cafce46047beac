import { CommanderError } from 'commander';
import { CocoError, StoppedError, UsageError } from '@coco-rec/core';

/** What a process ends with. */
export const exitCodes = { good: 0, failed: 1, wrongUse: 2, stopped: 130 } as const;

/** The exit code of an error. @param aborted Ctrl-C was pressed before */
export function exitCodeOf(error: unknown, aborted: boolean): number {
  if (error instanceof CommanderError) {
    // Help and version end by throwing, too; help that stands in for a missing command is wrong use.
    return error.exitCode === 0 ? exitCodes.good : exitCodes.wrongUse;
  }
  if (error instanceof StoppedError) return exitCodes.stopped;
  if (aborted && error instanceof Error && error.name === 'AbortError') return exitCodes.stopped;
  return error instanceof UsageError ? exitCodes.wrongUse : exitCodes.failed;
}

/** The one line that a person reads of an error. */
export function errorLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const line = message.replace(/\s*\n\s*/g, ' ').trim();
  if (error instanceof CocoError) return `coco: ${line}`;
  if (error instanceof Error && error.name === 'AbortError')
    return 'coco: Stopped. What is finished is kept.';
  const sentence = line === '' ? 'an error without a message' : line.replace(/\.$/, '');
  return `coco: Unexpected error: ${sentence}. Set COCO_DEBUG=1 to see where it came from.`;
}
