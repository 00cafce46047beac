import { spawn } from 'node:child_process';
import { CocoError, StoppedError } from '@coco-rec/core';

const keptCharacters = 100_000;

export interface ProgramOptions {
  readonly folder?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Standard input. Default: empty. */
  readonly input?: string;
  readonly signal: AbortSignal;
}

/**
 * Runs a program without a shell, in a process group of its own.
 * @returns the end of what it wrote to standard output
 * @throws CocoError that says why it failed; StoppedError if `signal` stops it, after it and its children have ended
 */
export function runProgram(
  command: string,
  words: readonly string[],
  { folder, environment, input = '', signal }: ProgramOptions,
): Promise<string> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(stopped());
    const child = spawn(command, words, {
      cwd: folder,
      env: { ...process.env, ...environment },
      detached: true,
    });
    const stop = (): void => endGroup(child.pid);
    signal.addEventListener('abort', stop, { once: true });
    let [output, errors] = ['', ''];
    child.stdout
      .setEncoding('utf8')
      .on('data', (text: string) => (output = (output + text).slice(-keptCharacters)));
    child.stderr
      .setEncoding('utf8')
      .on('data', (text: string) => (errors = (errors + text).slice(-keptCharacters)));
    child.stdin.on('error', () => undefined); // it ended without reading; its exit code says more
    child.stdin.end(input);
    child.on('error', (error) => reject(new CocoError(`${command} cannot start: ${error.message}`)));
    child.on('close', (code, ended) => {
      signal.removeEventListener('abort', stop);
      if (signal.aborted) reject(stopped());
      else if (code === 0) resolve(output);
      else
        reject(
          new CocoError(
            `it ended with ${code === null ? ended : `code ${code}`}: ${lastWords(errors || output)}`,
          ),
        );
    });
  });
}

/** The last line that says what went wrong; pip and Python put it at the end. */
function lastWords(text: string): string {
  const lines = text.split('\n').map((line) => line.trim());
  const telling = lines.filter((line) => /error|no space|killed/i.test(line));
  return (telling.at(-1) ?? lines.filter(Boolean).at(-1) ?? 'it said nothing').slice(0, 300);
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGTERM');
  } catch {
    // it has ended by itself
  }
}

const stopped = (): StoppedError => new StoppedError('The measurement was stopped.');
