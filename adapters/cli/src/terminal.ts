import pc from 'picocolors';
import type { Progress } from '@coco-rec/core';
import type { Table } from '@coco-rec/standard';
import { BarProgress } from './bar-progress.js';
import { LineProgress } from './line-progress.js';
import { renderTable } from './render-table.js';

type Colours = ReturnType<typeof pc.createColors>;

/** What a command talks to: results go to standard output, everything else to standard error. */
export class Terminal {
  readonly colours: Colours;
  private shown?: Progress & { close(): void };

  constructor(
    private readonly output: NodeJS.WriteStream,
    private readonly errors: NodeJS.WriteStream,
    /** Aborted by Ctrl-C. */
    readonly signal: AbortSignal,
  ) {
    this.colours = pc.createColors(output.isTTY === true && process.env.NO_COLOR === undefined);
  }

  /** Bars on a terminal, lines elsewhere; made on first use. */
  get progress(): Progress {
    this.shown ??= this.errors.isTTY
      ? new BarProgress(this.errors)
      : new LineProgress({ write: (line) => this.errors.write(`${line}\n`), now: Date.now });
    return this.shown;
  }

  /** Ends bars, so that the cursor stands on a line of its own. */
  close(): void {
    this.shown?.close();
    this.shown = undefined;
  }

  /** A line of the result. */
  print(line = ''): void {
    this.close();
    this.output.write(`${line}\n`);
  }

  table(table: Table): void {
    this.print(renderTable(table, this.colours));
  }

  /** A line beside the result. */
  note(line: string): void {
    if (this.shown) this.shown.log(line);
    else this.errors.write(`${line}\n`);
  }
}
