import type { BenchCase } from './bench-case.js';
import { command } from './cases/command.js';
import { cocoStep } from './cases/coco-step.js';
import { decoder } from './cases/decoder.js';
import { encoding } from './cases/encoding.js';
import { epoch, sampledEpoch } from './cases/epochs.js';
import { evaluation } from './cases/evaluation.js';
import { loading } from './cases/loading.js';
import { loadingGrowth } from './cases/loading-growth.js';
import { matmul } from './cases/matmul.js';
import { scaling } from './cases/scaling.js';
import { wasmEpoch } from './cases/wasm-epoch.js';

/** All cases, in the order of the table; one line each. */
export const cases: readonly BenchCase[] = [
  matmul,
  loading,
  epoch,
  sampledEpoch,
  evaluation,
  decoder,
  encoding,
  cocoStep,
  wasmEpoch,
  scaling,
  loadingGrowth,
  command,
];
