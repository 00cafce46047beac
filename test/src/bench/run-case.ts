/** Runs one case in this process and sends its result to the parent. Arguments: id, options as JSON. */
import { startEngine } from '@coco-rec/engine';
import type { CaseResult, Measurement } from './bench-case.js';
import { cases } from './cases.js';
import { matmulRate } from './matmul-rate.js';
import type { BenchOptions } from './options.js';
import { Profile } from './profile.js';

/** The size whose rate stands for the machine; plain JavaScript would take minutes over the large one. */
const rateSize = (engine: string): number => (engine.startsWith('cpu') ? 64 : 1024);

export type CaseMessage =
  { readonly result: CaseResult; readonly peakMB: number } | { readonly error: string };

async function run(id: string, given: BenchOptions): Promise<CaseResult> {
  const bench = cases.find((one) => one.id === id);
  if (!bench) throw new Error(`There is no case "${id}".`);
  const wanted = bench.engine === 'wasm' ? 'wasm' : given.engine;
  const options = { ...given, engine: wanted };
  const rates: number[] = [];
  const none = bench.engine === 'none';
  const engine = none ? 'none' : await started(wanted);
  const profile = options.profile && !none ? new Profile() : undefined;
  profile?.install();
  const measureRate = (): void => {
    profile?.stop();
    if (!none) rates.push(matmulRate(rateSize(engine)));
    profile?.start();
  };
  const measurements: readonly Measurement[] = await bench.run({ options, engine, measureRate });
  profile?.stop();
  return { measurements, engine, rates, profile: profile?.table() };
}

async function started(wanted: string): Promise<string> {
  const { id, detail } = await startEngine(wanted);
  return `${id} (${detail})`;
}

function send(message: CaseMessage): void {
  process.send?.(message, () => process.disconnect());
}

const [id, options] = process.argv.slice(2);
try {
  const result = await run(id, JSON.parse(options) as BenchOptions);
  send({ result, peakMB: process.resourceUsage().maxRSS / 1024 });
} catch (error) {
  send({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
}
