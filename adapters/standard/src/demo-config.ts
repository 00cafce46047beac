/** Sizes of the demo, all in one place: the whole of it fits into 3 minutes on 2 cores with the WASM engine. */
export const demoSettings = {
  output: 'runs/demo',
  fusions: 'none,concat,mlp,coco',
  seeds: 1,
  config: {
    data: { format: 'shop', items: 400, users: 800, seed: 1 },
    backbone: { id: 'sasrec', dimension: 32 },
    knowledge: { id: 'tiny' },
    train: { loss: 'softmax', epochs: 12, warmEpochs: 6 },
    evaluate: { topK: [5, 10], filter: 'none' },
    engine: 'auto',
    seed: 1,
  },
} as const;
