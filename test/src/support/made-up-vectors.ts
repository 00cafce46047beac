/** Vectors by id, the same in every process: what a system elsewhere might have learned. */
import { Random } from '@coco-rec/core';

export const madeUpDimension = 8;

export function itemVector(item: string): number[] {
  const random = new Random(1).derive('made-up vectors', item);
  return Array.from({ length: madeUpDimension }, () => random.normal());
}

/** The mean of its items, the newest twice; that of no item is constant. */
export function historyVector(history: readonly string[]): number[] {
  const items = [...history, ...history.slice(-1)].map(itemVector);
  if (items.length === 0) return new Array<number>(madeUpDimension).fill(0.5);
  return items[0].map((_, d) => items.reduce((sum, vector) => sum + vector[d], 0) / items.length);
}
