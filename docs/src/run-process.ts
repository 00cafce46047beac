import { spawn } from 'node:child_process';

export interface Ended {
  readonly code: number | null;
  /** Standard output and error together. */
  readonly output: string;
}

/**
 * Runs a Node script as a process of its own, with one thread an engine.
 * @param cache stands in for the user's cache folder; default: the user's own
 */
export function runNode(args: readonly string[], folder: string, cache?: string): Promise<Ended> {
  const env = {
    ...process.env,
    OMP_NUM_THREADS: '1',
    NO_COLOR: '1',
    ...(cache ? { COCO_CACHE: cache } : {}),
  };
  const child = spawn(process.execPath, [...args], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output }));
  });
}
