import { spawn } from 'node:child_process';
import { StoppedError } from '@coco-rec/core';

const keptCharacters = 20_000;

/** A command that could not start, or ended with another code than 0. */
export class CommandError extends Error {
  override readonly name: string = 'CommandError';
  constructor(
    message: string,
    /** The end of what it wrote. */
    readonly output: string,
  ) {
    super(message);
  }

  /** @returns the last line that says what went wrong. */
  get reason(): string {
    const lines = this.output.split('\n').map((line) => line.trim());
    const telling = lines.filter((line) => /error|cannot|could not|no space|not found/i.test(line));
    return telling.at(-1) ?? lines.filter(Boolean).at(-1) ?? this.message;
  }
}

export interface CommandOptions {
  readonly folder?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/**
 * Runs a program without a shell.
 * @returns what it wrote to standard output (its end, where that is long)
 * @throws CommandError if it cannot start or fails; StoppedError if `signal` stops it (its children end with it)
 */
export function runCommand(
  command: string,
  options: readonly string[],
  { folder, environment, signal }: CommandOptions = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(stopped());
    const child = spawn(command, options, {
      cwd: folder,
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: signal !== undefined, // a group of its own, so that a compiler below it can be ended too
    });
    const stop = (): void => endGroup(child.pid);
    signal?.addEventListener('abort', stop, { once: true });
    const kept = { output: '', all: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      kept.output = (kept.output + text).slice(-keptCharacters);
      kept.all = (kept.all + text).slice(-keptCharacters);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      kept.all = (kept.all + text).slice(-keptCharacters);
    });
    child.on('error', (error) => reject(new CommandError(`${command} cannot start: ${error.message}`, '')));
    child.on('close', (code, ended) => {
      signal?.removeEventListener('abort', stop);
      if (signal?.aborted) reject(stopped());
      else if (code === 0) resolve(kept.output);
      else reject(new CommandError(`${command} ended with ${code ?? ended}`, kept.all));
    });
  });
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGTERM');
  } catch {
    // it has ended by itself
  }
}

function stopped(): StoppedError {
  return new StoppedError('The installation was stopped; run it again to go on.');
}
