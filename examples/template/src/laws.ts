/** Holds the backbone to the laws: causality, gradients, saving, seeds, memory. */
import { backboneChecks } from '@coco-rec/core/testing';
import { createContext } from '@coco-rec/standard';
import { fadingMean } from './fading-mean.js';

const { registry } = createContext('runs/laws', { units: [fadingMean] });
await registry.get('engine', 'wasm').start();
for (const check of backboneChecks(fadingMean, { config: { dimension: 8 } })) {
  if (check.skip === undefined) await check.run();
  console.log(check.skip === undefined ? `holds: ${check.name}` : `skipped: ${check.name}: ${check.skip}`);
}
