import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

const bin = fileURLToPath(new URL('../bin.js', import.meta.url));

export interface CocoRun {
  /** As a shell says it: 128 and the signal's number where a signal ended it. */
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

export interface CocoOptions {
  readonly folder: string;
  /** Text on standard input. */
  readonly input?: string;
  /** Sends SIGINT as soon as standard error matches, once for each. */
  readonly stopAt?: readonly RegExp[];
  /** Sends this signal when that has happened. */
  readonly end?: { readonly by: 'SIGINT' | 'SIGKILL'; readonly when: Promise<unknown> };
  /** Largest file that may be written, in blocks of 1,024 bytes: a disk that is full. */
  readonly fileBlocks?: number;
  /** What a shell adds behind the command, such as "| head -n 1". */
  readonly behind?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

/** Runs the built command as a process of its own. */
export function runCoco(args: readonly string[], options: CocoOptions): Promise<CocoRun> {
  const { folder, input = '', stopAt = [], environment = {} } = options;
  const env = { ...process.env, COCO_DEBUG: '', OMP_NUM_THREADS: '1', ...environment };
  const [command, before] = shellOf(options);
  const child = spawn(command, [...before, bin, ...args], { cwd: folder, env });
  const stops = [...stopAt];
  let output = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
    if (!stops[0]?.test(errors)) return;
    stops.shift();
    child.kill('SIGINT');
  });
  const { end } = options;
  void end?.when.then(() => child.kill(end.by));
  child.stdin.on('error', () => undefined); // a command that reads no input may end before
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      resolve({ code: code ?? 128 + constants.signals[signal ?? 'SIGKILL'], output, errors });
    });
  });
}

/** Node itself, or a shell that limits it or takes its output. */
function shellOf({ fileBlocks, behind }: CocoOptions): [string, string[]] {
  const node = process.execPath;
  if (fileBlocks !== undefined) return ['bash', ['-c', `ulimit -f ${fileBlocks}; exec "$0" "$@"`, node]];
  return behind === undefined ? [node, []] : ['bash', ['-c', `"$0" "$@" ${behind}`, node]];
}
