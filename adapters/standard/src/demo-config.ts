/** Sizes of the demo, all in one place: the whole of it fits into 3 minutes on 2 cores with the WASM engine. */
export const demoSettings = {
  output: 'runs/demo',
  fusions: 'none,concat,mlp,coco:trainShare=0.5',
  seeds: 1,
  config: {
    data: { format: 'shop', items: 500, users: 600, tastes: 80, seed: 1, text: ['title', 'description'] },
    backbone: { id: 'sasrec', dimension: 32, numLayers: 1, dropout: 0.2 },
    knowledge: { id: 'tiny', layers: 2 },
    train: {
      loss: 'softmax',
      epochs: 12,
      warmEpochs: 2,
      learningRate: 0.005,
      // So few steps (10 an epoch) suit neither a falling rate nor a decay: the base would be weaker, and gains look larger.
      weightDecay: 0,
      schedule: 'constant',
      warmupSteps: 20,
      usersPerStep: 64,
    },
    evaluate: { topK: [5, 10], filter: 'none' },
    engine: 'auto',
    seed: 1,
  },
} as const;
