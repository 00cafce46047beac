/** The part of cli-progress that the command line uses. */
declare module 'cli-progress' {
  export interface BarOptions {
    readonly format?: string;
    readonly barsize?: number;
    readonly stream?: NodeJS.WritableStream;
    readonly hideCursor?: boolean;
    readonly clearOnComplete?: boolean;
    readonly stopOnComplete?: boolean;
    readonly linewrap?: boolean;
    readonly fps?: number;
    readonly gracefulExit?: boolean;
    readonly barCompleteChar?: string;
    readonly barIncompleteChar?: string;
  }
  export interface SingleBar {
    update(value: number, payload?: object): void;
    setTotal(total: number): void;
  }
  export class MultiBar {
    constructor(options: BarOptions);
    create(total: number, start: number, payload?: object): SingleBar;
    remove(bar: SingleBar): boolean;
    log(text: string): void;
    update(): void;
    stop(): void;
  }
}
