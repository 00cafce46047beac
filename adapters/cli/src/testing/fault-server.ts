import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** The server with the OpenAI interface that tests of the language models use, by its built file. */
const file = fileURLToPath(new URL('../../../llm/dist/openai/testing/fault-server.js', import.meta.url));

interface Report {
  readonly seen: readonly SeenRequest[];
}

interface SeenRequest {
  readonly path: string;
  readonly body: { readonly messages: readonly { readonly content: string }[] };
}

/** A language model on a server, in a process of its own, that counts what it is sent. */
export class FaultServer {
  private constructor(
    private readonly child: ChildProcess,
    readonly baseUrl: string,
  ) {}

  static async start(): Promise<FaultServer> {
    const child = fork(file);
    const [{ port }] = (await once(child, 'message')) as [{ port: number }];
    return new FaultServer(child, `http://127.0.0.1:${port}/v1`);
  }

  /**
   * Forgets what it has seen; after `answered` requests, so many of the next ones fail. @param fault by default they stay
   * without answer
   */
  async plan(answered = 0, failing = 0, fault: 'hang' | 'empty' | 'broken' = 'hang'): Promise<void> {
    await this.planFaults(...Array<string>(answered).fill('late'), ...Array<string>(failing).fill(fault));
  }

  /** Forgets what it has seen; does one wrong at each of the next requests, by the names of the tests of `openai`. */
  async planFaults(...faults: readonly string[]): Promise<void> {
    await this.ask({ faults });
  }

  /** What came since the plan. */
  async requests(): Promise<readonly SeenRequest[]> {
    return ((await this.ask({ report: true })) as Report).seen;
  }

  /** The prompts since the plan, in the order in which they came. */
  async prompts(): Promise<string[]> {
    return (await this.requests()).map(({ body }) => body.messages[0].content);
  }

  async untilSeen(count: number): Promise<void> {
    while ((await this.prompts()).length < count) await sleep(20);
  }

  private async ask(order: object): Promise<unknown> {
    this.child.send(order);
    return ((await once(this.child, 'message')) as [unknown])[0];
  }

  async stop(): Promise<void> {
    const closed = once(this.child, 'close');
    this.child.kill();
    await closed;
  }
}
