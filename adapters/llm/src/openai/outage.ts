/** Prompts in a row that the server failed to answer: so that a dead server is not asked for each of thousands. */
export class Outage {
  private failed = 0;

  /** @param most after so many it is certain */
  constructor(private readonly most: number) {}

  get isCertain(): boolean {
    return this.failed >= this.most;
  }

  /** Prompts in a row, up to now. */
  get prompts(): number {
    return this.failed;
  }

  /** A prompt has no answer after all retries, and it is the server's fault. */
  add(): void {
    this.failed++;
  }

  /** The server answered, if only by a refusal. */
  end(): void {
    this.failed = 0;
  }
}
