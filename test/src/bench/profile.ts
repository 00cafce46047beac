/** Where the time goes, by kernel and phase: a hook around every kernel of the engine, and around the phases of training. */
import * as tf from '@tensorflow/tfjs-core';
import { Adam, FusedRanker, SequenceModel } from '@coco-rec/core';
import { alignedTable, figureText } from './report.js';

interface Frame {
  readonly name: string;
  readonly phase: string;
  readonly startedAt: number;
  /** Milliseconds of what was called inside. */
  inside: number;
}

interface Entry {
  calls: number;
  /** Milliseconds without what was called inside, by phase. */
  readonly byPhase: Map<string, number>;
}

const outside = 'rest';

/** Measures while it is on; each moment counts for the innermost kernel, or for the phase's own JavaScript. */
export class Profile {
  private readonly entries = new Map<string, Entry>();
  private readonly stack: Frame[] = [];
  private isOn = false;
  private startedAt = 0;
  private total = 0;

  /** Puts the hooks in; the engine must run already. */
  install(): void {
    for (const config of tf.getKernelsForBackend(tf.getBackend())) this.wrapKernel(config);
    this.wrapPhase('backward', tf.engine(), 'gradients'); // less what is inside, the forward pass
    this.wrapPhase('forward', SequenceModel.prototype, 'stepLoss');
    this.wrapPhase('update', Adam.prototype, 'apply');
    this.wrapPhase('states', FusedRanker.prototype, 'states');
    this.wrapPhase('ranking', FusedRanker.prototype, 'ranks');
  }

  start(): void {
    this.isOn = true;
    this.startedAt = performance.now();
  }

  stop(): void {
    if (this.isOn) this.total += performance.now() - this.startedAt;
    this.isOn = false;
  }

  private wrapKernel(config: tf.KernelConfig): void {
    const { kernelName, backendName, kernelFunc } = config;
    tf.unregisterKernel(kernelName, backendName);
    tf.registerKernel({
      ...config,
      kernelFunc: (given) => this.measure(kernelName, undefined, () => kernelFunc(given)),
    });
  }

  private wrapPhase(name: string, owner: object, method: string): void {
    const own = Reflect.get(owner, method) as (...args: unknown[]) => unknown;
    const measure = this.measure.bind(this);
    Reflect.set(owner, method, function (this: unknown, ...args: unknown[]) {
      return measure('JavaScript', name, () => own.apply(this, args));
    });
  }

  private measure<T>(name: string, phase: string | undefined, work: () => T): T {
    if (!this.isOn) return work();
    const outer = this.stack.at(-1);
    const frame: Frame = {
      name,
      phase: phase ?? outer?.phase ?? outside,
      startedAt: performance.now(),
      inside: 0,
    };
    this.stack.push(frame);
    const end = (): void => this.end(frame);
    try {
      const result = work();
      if (!(result instanceof Promise)) return result;
      // An asynchronous phase: what runs meanwhile is inside it.
      return result.finally(end) as T;
    } finally {
      if (this.stack.at(-1) === frame && !(phase === 'ranking' || phase === 'states')) end();
    }
  }

  private end(frame: Frame): void {
    while (this.stack.length > 0 && this.stack.pop() !== frame); // what an error left open
    const time = performance.now() - frame.startedAt;
    const outer = this.stack.at(-1);
    if (outer) outer.inside += time;
    let entry = this.entries.get(frame.name);
    if (!entry) this.entries.set(frame.name, (entry = { calls: 0, byPhase: new Map() }));
    entry.calls++;
    entry.byPhase.set(frame.phase, (entry.byPhase.get(frame.phase) ?? 0) + time - frame.inside);
  }

  /** Seconds by kernel (rows) and phase (columns), the dearest first. */
  table(rows = 25): string {
    const phases = [...new Set([...this.entries.values()].flatMap(({ byPhase }) => [...byPhase.keys()]))];
    const sum = ({ byPhase }: Entry): number => [...byPhase.values()].reduce((a, b) => a + b, 0);
    const sorted = [...this.entries].sort(([, a], [, b]) => sum(b) - sum(a)).slice(0, rows);
    const known = [...this.entries.values()].reduce((all, entry) => all + sum(entry), 0);
    const cell = (milliseconds: number): string => figureText(milliseconds / 1000);
    const lines = sorted.map(([name, entry]) => [
      name,
      String(entry.calls),
      cell(sum(entry)),
      `${Math.round((100 * sum(entry)) / this.total)} %`,
      ...phases.map((phase) => cell(entry.byPhase.get(phase) ?? 0)),
    ]);
    const rest = ['outside', '', cell(this.total - known), '', ...phases.map(() => '')];
    return alignedTable(['kernel, seconds', 'calls', 'all', 'share', ...phases], [...lines, rest]);
  }
}
