import { Workshop } from './workshop.js';

/** A workshop with `pair.yaml`, whose comparisons have little to train. */
export async function openPair(): Promise<Workshop> {
  const shop = await Workshop.open();
  await shop.config(
    'pair.yaml',
    'knowledge: { id: tiny, layers: 1 }',
    'fusions: { text: { textWidth: 4 } }',
    'output: runs/pair',
  );
  return shop;
}

/** `coco compare` of two fusions with two seeds into runs/`output`. */
export function compareLine(output: string, ...more: string[]): string[] {
  return [
    ...['compare', 'pair.yaml', '--fusions', 'none,text', '--seeds', '2'],
    ...['--set', `output=runs/${output}`, ...more],
  ];
}
