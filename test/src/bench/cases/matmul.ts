import type { BenchCase } from '../bench-case.js';
import { matmulRate } from '../matmul-rate.js';

const sizes = [256, 512, 1024, 2048];

export const matmul: BenchCase = {
  id: 'matmul',
  summary: 'square matrix products of float32: the rate that the limits are made with',
  run: async (context) => {
    const figures = [];
    for (const size of sizes) {
      const values: number[] = [];
      for (let i = 0; i <= context.options.repeats; i++) values.push(matmulRate(size));
      figures.push({ name: `matrix product ${size}`, unit: 'GFLOPS' as const, values: values.slice(1) });
    }
    return figures;
  },
};
