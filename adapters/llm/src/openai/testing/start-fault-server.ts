import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Fault, Order, Report } from './fault-server.js';

/** The fault server, started in a process of its own. */
export class FaultServer {
  private constructor(
    private readonly child: ChildProcess,
    readonly baseUrl: string,
  ) {}

  static async start(): Promise<FaultServer> {
    const { child, baseUrl } = await startServer('fault-server.js');
    return new FaultServer(child, baseUrl);
  }

  /** Forgets what it has seen, and does this wrong, one fault a request. */
  async plan(...faults: readonly Fault[]): Promise<void> {
    await this.ask({ faults });
  }

  async report(): Promise<Report> {
    return (await this.ask({ report: true })) as Report;
  }

  private async ask(order: Order): Promise<unknown> {
    this.child.send(order);
    return ((await once(this.child, 'message')) as [unknown])[0];
  }

  stop(): Promise<void> {
    return stopServer(this.child);
  }
}

/** A server of this folder, in a process of its own. */
export async function startServer(file: string): Promise<{ child: ChildProcess; baseUrl: string }> {
  const child = fork(join(import.meta.dirname, file));
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  return { child, baseUrl: `http://127.0.0.1:${port}/v1` };
}

export async function stopServer(child: ChildProcess): Promise<void> {
  const closed = once(child, 'close');
  child.kill();
  await closed;
}
