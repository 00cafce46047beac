import assert from 'node:assert/strict';
import type { LlamaSequence } from './llama-module.js';
import { type PlacedSequence, inOrderOfPlaces, shareOut, takeBest } from './sequences.js';

const item = (evaluationPriority: number, count: number) => ({
  tokens: Array.from({ length: count }, (_, i) => i),
  evaluationPriority,
});

describe('sequences of llama.cpp', () => {
  it('are shared out evenly, and never a context without any', () => {
    assert.deepEqual(shareOut(7, 3), [2, 2, 3]);
    assert.deepEqual(shareOut(2, 4), [1, 1]);
    assert.deepEqual(shareOut(5, 1), [5]);
  });

  it('stand in a batch by their places, whoever came first, as far as it reaches', () => {
    const items = [item(2, 1), item(0, 4), item(3, 1), item(1, 3)];
    const shares = (size: number): number[][] =>
      inOrderOfPlaces({ items, size }).map((share) => [share.item.evaluationPriority, share.processAmount]);
    assert.deepEqual(shares(100), [
      [0, 4],
      [1, 3],
      [2, 1],
      [3, 1],
    ]);
    assert.deepEqual(shares(6), [
      [0, 4],
      [1, 2],
    ]);
  });

  it('are taken by what they have read of the prompt already', () => {
    const reading = (place: number, ...read: number[]): PlacedSequence => {
      const compareContextTokens = (tokens: number[]) => ({
        firstDifferentIndex: read.filter((token, i) => token === tokens[i]).length,
      });
      return { place, sequence: { compareContextTokens } as unknown as LlamaSequence };
    };
    const free = [reading(0, 7), reading(1, 7, 8, 9), reading(2, 7)];
    const taken = [[7, 8, 9], [7, 8, 9], [1], [7]].map((tokens) => takeBest(free, tokens)?.place);
    assert.deepEqual(taken, [1, 2, 0, undefined]);
  });
});
