import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const bin = fileURLToPath(new URL('../bin.js', import.meta.url));

export interface CocoRun {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

export interface CocoOptions {
  readonly folder: string;
  /** Text on standard input. */
  readonly input?: string;
  /** Sends SIGINT as soon as standard error matches. */
  readonly stopAt?: RegExp;
  readonly environment?: Readonly<Record<string, string>>;
}

/** Runs the built command as a process of its own. */
export function runCoco(args: readonly string[], options: CocoOptions): Promise<CocoRun> {
  const { folder, input = '', stopAt, environment = {} } = options;
  const env = { ...process.env, COCO_DEBUG: '', OMP_NUM_THREADS: '1', ...environment };
  const child = spawn(process.execPath, [bin, ...args], { cwd: folder, env });
  let output = '';
  let errors = '';
  let stopped = false;
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
    if (stopped || !stopAt?.test(errors)) return;
    stopped = true;
    child.kill('SIGINT');
  });
  child.stdin.on('error', () => undefined); // a command that reads no input may end before
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output, errors }));
  });
}
