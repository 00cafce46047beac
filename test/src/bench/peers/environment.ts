import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CocoError, StoppedError } from '@coco-rec/core';
import { cacheFolder } from '@coco-rec/llm';
import { scriptFolder } from './peer.js';
import { runProgram } from './run-program.js';

/** Where torch has builds without CUDA; those for Linux on x86 that pip takes by itself bring several GB of it. */
const smallBuilds = 'https://download.pytorch.org/whl/cpu';
/** The pinned packages are built for these. */
const checkVersion = 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))';

export interface EnvironmentOptions {
  readonly signal: AbortSignal;
  /** Programs to try for Python. */
  readonly candidates?: readonly (string | undefined)[];
  /** Default: `bench-peers` in the cache folder. */
  readonly parent?: string;
  /** Says what takes long. */
  readonly log: (text: string) => void;
}

/**
 * A Python environment with the pinned packages, made at the first call and kept in the cache folder under the list's hash.
 * @returns its Python
 * @throws CocoError, in one sentence, if there is no Python or pip fails; StoppedError. Nothing half-done is left.
 */
export async function peerPython(options: EnvironmentOptions): Promise<string> {
  const list = join(scriptFolder, 'requirements.txt');
  const content = readFileSync(list, 'utf8');
  const { candidates = [process.env.PYTHON, 'python3', 'python'], signal } = options;
  const { parent = join(cacheFolder(), 'bench-peers') } = options;
  const folder = join(parent, createHash('sha256').update(content).digest('hex').slice(0, 12));
  if (await runs(pythonOf(folder), signal)) return pythonOf(folder);
  const python = await firstThatRuns(candidates, signal);
  mkdirSync(parent, { recursive: true });
  removeAbandoned(parent);
  const temporary = `${folder}.partial-${process.pid}`;
  try {
    options.log(`making the Python environment of the peers in ${folder} …`);
    await runProgram(python, ['-m', 'venv', temporary], { signal });
    await install(pythonOf(temporary), {
      ...options,
      list,
      torch: /^torch==\S+/m.exec(content)?.[0] ?? 'torch',
    });
    rmSync(folder, { recursive: true, force: true });
    renameSync(temporary, folder);
  } catch (error) {
    if (error instanceof StoppedError || !(error instanceof CocoError)) throw error;
    throw new CocoError(`the Python environment in ${folder} could not be made: ${error.message}`, {
      cause: error,
    });
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
  return pythonOf(folder);
}

const pythonOf = (folder: string): string =>
  process.platform === 'win32' ? join(folder, 'Scripts', 'python.exe') : join(folder, 'bin', 'python');

interface Installation extends EnvironmentOptions {
  readonly list: string;
  /** With its version. */
  readonly torch: string;
}

async function install(python: string, { list, torch, signal, log }: Installation): Promise<void> {
  const pip = (...words: string[]): Promise<string> =>
    runProgram(
      python,
      ['-m', 'pip', 'install', '--no-input', '--no-cache-dir', '--disable-pip-version-check', ...words],
      {
        signal,
      },
    );
  if (process.platform === 'linux' && process.arch === 'x64') {
    log(`installing ${torch} …`);
    const small = ['--index-url', smallBuilds, '--no-deps', '--retries', '0', '--timeout', '20'];
    await pip(torch, ...small).catch(async (error: unknown) => {
      if (error instanceof StoppedError) throw error;
      log(
        'its build without CUDA cannot be had here: taking the one with it, which is about 4 GB to download …',
      );
      await pip(torch, '--constraint', list);
    });
  }
  log('installing the other packages …');
  // The list is whole; what the packages ask for beyond it (ray, plotly …) is not needed here.
  await pip('--no-deps', '--requirement', list);
}

async function firstThatRuns(
  candidates: readonly (string | undefined)[],
  signal: AbortSignal,
): Promise<string> {
  for (const candidate of candidates) if (candidate && (await runs(candidate, signal))) return candidate;
  throw new CocoError('there is no Python 3.11 or 3.12 (name one in $PYTHON)');
}

async function runs(python: string, signal: AbortSignal): Promise<boolean> {
  try {
    await runProgram(python, ['-c', checkVersion], { signal });
    return true;
  } catch (error) {
    if (error instanceof StoppedError || !(error instanceof CocoError)) throw error;
    return false;
  }
}

/** Removes what processes that no longer run left behind. */
function removeAbandoned(parent: string): void {
  for (const name of readdirSync(parent)) {
    const pid = /\.partial-(\d+)$/.exec(name)?.[1];
    if (pid && !isAlive(Number(pid))) rmSync(join(parent, name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // somebody else's
  }
}
