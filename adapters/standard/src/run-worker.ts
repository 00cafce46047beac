/**
 * One run of a comparison in a process of its own: started by `side-by-side.ts`, told what to train by its first message,
 * and heard of by messages only.
 */
import { CocoError, type Progress, type RunConfig } from '@coco-rec/core';
import { type PlainConfig, checkConfig } from './load-config.js';
import { NodeFileStore } from './node-ports.js';
import { createContext } from './recommender.js';
import { runOnce, timed } from './run.js';
import { Session } from './session.js';

/** What is to be trained. */
export interface RunOrder {
  readonly kind: 'run';
  readonly config: RunConfig;
  /** Folder of the warm start that runs of one seed share. */
  readonly warmFolder: string;
}

/** What a worker says. `ready`: it has the data and all texts, and begins to train. */
export type WorkerMessage =
  | {
      readonly kind: 'progress';
      readonly name: string;
      readonly done: number;
      readonly total: number;
      readonly note?: string;
    }
  | { readonly kind: 'log'; readonly line: string }
  | { readonly kind: 'ready' }
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly name: string; readonly message: string };

const send = (message: WorkerMessage): void => void process.send?.(message);

const progress: Progress = {
  report: (name, done, total, note) => send({ kind: 'progress', name, done, total, note }),
  log: (line) => send({ kind: 'log', line }),
};

async function run({ config: plain, warmFolder }: RunOrder, signal: AbortSignal): Promise<void> {
  const config = checkConfig(plain as unknown as PlainConfig);
  const { registry, context, files } = createContext(config.output, { progress, signal });
  const session = await Session.open(config, registry, context);
  try {
    const { value: ranker, seconds } = await timed(() => session.createRanker(config, config.seed));
    isReady = true;
    send({ kind: 'ready' });
    try {
      const warmFiles = new NodeFileStore(warmFolder);
      await runOnce({ session, ranker, config, files, context, prepareSeconds: seconds, warmFiles });
    } finally {
      ranker.dispose();
    }
  } finally {
    session.dispose();
  }
}

/** Worker threads of an engine would keep the process. */
function end(message: WorkerMessage): void {
  process.send?.(message, () => process.exit());
}

const stop = new AbortController();
/** It trains. Before that it has nothing to save: what was encoded or written lies in the stores. */
let isReady = false;
// A terminal's Ctrl-C reaches all processes of the comparison; the one that began them says what is to be done.
process.on('SIGINT', () => undefined);
process.on('disconnect', () => process.exit(1));
process.on('message', (message: RunOrder | { readonly kind: 'stop' }) => {
  if (message.kind === 'stop') {
    stop.abort();
    return isReady ? undefined : end({ kind: 'failed', name: 'StoppedError', message: 'Stopped.' });
  }
  run(message, stop.signal).then(
    () => end({ kind: 'done' }),
    (error: unknown) => {
      const { name, message: text, stack = '' } = error instanceof Error ? error : new Error(String(error));
      const isPlain = error instanceof CocoError || name === 'AbortError';
      end({ kind: 'failed', name, message: isPlain ? text : stack });
    },
  );
});
