import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** A running vector server. */
export interface VectorService {
  readonly port: number;
  /** The address of one of its paths. */
  at(path: string): string;
  readonly process: ChildProcess;
  stop(): Promise<void>;
}

export interface ServiceOptions {
  /** Default: any that is free. */
  readonly port?: number;
  /** So many answers of `/dies` before it does. */
  readonly answersLeft?: number;
}

/** Starts the server in a process of its own. */
export async function startVectorService({
  port: wanted = 0,
  answersLeft = Infinity,
}: ServiceOptions = {}): Promise<VectorService> {
  const process = fork(join(import.meta.dirname, 'vector-server.js'), [String(wanted), String(answersLeft)]);
  const [port] = (await once(process, 'message')) as [number];
  return {
    port,
    at: (path) => `http://127.0.0.1:${port}${path}`,
    process,
    async stop() {
      if (process.exitCode !== null || process.signalCode !== null) return;
      process.kill();
      await once(process, 'exit');
    },
  };
}
