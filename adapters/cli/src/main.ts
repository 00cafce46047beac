import { CommanderError } from 'commander';
import { errorLine, exitCodeOf, exitCodes } from './exit.js';
import { createProgram } from './program.js';
import { Terminal } from './terminal.js';

/** Runs one command line. @param argv as in `process.argv` @returns the exit code */
export async function main(argv: readonly string[]): Promise<number> {
  const stop = new AbortController();
  const terminal = new Terminal(process.stdout, process.stderr, stop.signal);
  quietOnClosedPipe();
  const onSignal = (signal: NodeJS.Signals): void => {
    if (stop.signal.aborted) {
      terminal.close();
      // Ended by the signal itself, which a shell reports as 130: `exit` would wait for a disk that hangs.
      process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
      process.kill(process.pid, signal);
      return;
    }
    stop.abort();
    terminal.note('Stopping after this step. Press Ctrl-C again to stop at once.');
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  try {
    await createProgram(terminal).parseAsync([...argv]);
    return exitCodes.good;
  } catch (error) {
    terminal.close();
    if (!(error instanceof CommanderError)) terminal.note(errorLine(error));
    if (process.env.COCO_DEBUG && error instanceof Error) terminal.note(stackOf(error));
    return exitCodeOf(error, stop.signal.aborted);
  } finally {
    terminal.close();
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}

function stackOf(error: Error): string {
  const cause = error.cause instanceof Error ? `\nCaused by: ${stackOf(error.cause)}` : '';
  return `${error.stack ?? error.message}${cause}`;
}

/** `coco … | head` is no error; `coco … > file` on a full disk is one. */
function quietOnClosedPipe(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', ({ code, message }: NodeJS.ErrnoException) => {
      if (code === 'EPIPE') process.exit(exitCodes.good);
      const reason = code === 'ENOSPC' ? 'the disk is full' : message;
      if (stream === process.stdout) process.stderr.write(`coco: Cannot write the output: ${reason}.\n`);
      process.exit(exitCodes.failed);
    });
  }
}
