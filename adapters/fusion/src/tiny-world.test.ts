/** What the tests of this package share: a small shop, a small backbone, a small real decoder. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-layers'; // registers the gradients of the engine's kernels
import {
  Backbone,
  type Dataset,
  DatasetBuilder,
  type DecoderPass,
  type DifferentiableDecoder,
  type FusionStrategy,
  type Hasher,
  type ItemVectors,
  type KnowledgeLLM,
  type LoraConfig,
  type LoraWeights,
  MemoryTextStore,
  Parameters,
  type PreparedBatch,
  type Progress,
  Random,
  SequenceModel,
  StoredTextWriter,
  type TextStore,
  attention,
  causalMask,
  constant,
  createLoss,
  gelu,
  hash32,
  leaveOneOut,
  linear,
  loraLinear,
  normal,
  rmsNorm,
} from '@coco-rec/core';

export const silent: Progress = { report: () => undefined, log: () => undefined };

const words = [
  'red',
  'blue',
  'green',
  'soap',
  'cream',
  'brush',
  'robot',
  'train',
  'puzzle',
  'tent',
  'stove',
  'lamp',
];
const itemCount = 20;

/** 24 users, unless others are wanted, with 4 to 10 interactions, 20 items; the last item has no text. */
export function tinyDataset(userCount = 24): Dataset {
  const builder = new DatasetBuilder();
  const random = new Random(3);
  for (let item = 0; item < itemCount; item++) builder.addItem(`i${item}`);
  for (let user = 0; user < userCount; user++) {
    for (let t = 0; t < 4 + (user % 7); t++) {
      builder.addInteraction(
        `u${user}`,
        `i${(user * 7 + t * (1 + (user % 3)) + random.integer(3)) % itemCount}`,
      );
    }
  }
  for (let item = 0; item < itemCount; item++) {
    const title = `${words[item % 3]} ${words[3 + (item % 9)]} ${words[(item * 5) % 12]}`;
    builder.describeItem(`i${item}`, item === itemCount - 1 ? '' : title);
  }
  const hasher = { sha256: (content: Uint8Array | string) => String(content.length) };
  return builder.build({ name: 'tiny', report: { counts: {}, warnings: [] }, hasher });
}

/** State at t: tanh of the mean of the first t item vectors, projected. */
export class MeanBackbone extends Backbone {
  readonly id = 'mean';
  override readonly maxLength = 8;
  private weight!: tf.Variable;

  constructor(readonly dimension = 8) {
    super();
  }

  protected build(parameters: Parameters): void {
    this.weight = parameters.variable('weight', [this.dimension, this.dimension], normal(1));
  }

  encode({ batchSize: B, length: T, itemIds }: PreparedBatch, items: ItemVectors): tf.Tensor3D {
    const D = this.dimension;
    const vectors = tf.reshape(items.gather(tf.reshape(itemIds, [B * T])), [B, T, D]);
    const shares = new Float32Array(B * T * T);
    for (let i = 0; i < B * T; i++) shares.fill(1 / ((i % T) + 1), i * T, i * T + (i % T) + 1);
    const means = tf.matMul(tf.tensor3d(shares, [B, T, T]), vectors); // [B, T, D]
    return tf.tanh(linear(tf.mul(means, 10), this.weight)) as tf.Tensor3D;
  }
}

/** A one-block causal transformer with random weights: small, but a real differentiable decoder. */
export class TinyDecoder implements DifferentiableDecoder {
  readonly numLayers = 1;
  readonly embeddingNorm: number;
  /** How often `forward` was called, and on how many rows in all. */
  calls = 0;
  rows = 0;
  private readonly weights: Record<string, tf.Tensor>;

  constructor(
    readonly hiddenSize = 12,
    seed = 5,
  ) {
    const random = new Random(seed);
    const H = hiddenSize;
    const matrix = (rows: number, columns: number, scale = 1 / Math.sqrt(rows)): tf.Tensor =>
      tf.tensor2d(
        Float32Array.from({ length: rows * columns }, () => scale * random.normal()),
        [rows, columns],
      );
    this.weights = {
      tokens: matrix(64, H, 0.5),
      positions: matrix(64, H, 0.3),
      q: matrix(H, H),
      k: matrix(H, H),
      v: matrix(H, H),
      o: matrix(H, H),
      inner: matrix(H, 2 * H),
      outer: matrix(2 * H, H),
    };
    this.embeddingNorm = 0.5 * Math.sqrt(H);
  }

  createLora(parameters: Parameters, config: LoraConfig): LoraWeights {
    const H = this.hiddenSize;
    const pair = (name: string): tf.Variable[] => [
      parameters.variable(`${name}/a`, [H, config.rank], normal(0.5)),
      parameters.variable(`${name}/b`, [config.rank, H], constant(0)),
    ];
    return { config, variables: [...pair('q'), ...pair('v')] };
  }

  tokenize(text: string, maxTokens = Infinity): number[] {
    const ids = text
      .split(' ')
      .map((word) => [...word].reduce((key, c) => hash32(key, c.charCodeAt(0)), 1) % 64);
    return ids.slice(0, maxTokens);
  }

  embed(ids: tf.Tensor1D): tf.Tensor2D {
    return tf.gather(this.weights.tokens as tf.Tensor2D, ids);
  }

  forward(embeddings: tf.Tensor3D, lengths: Int32Array, pass: DecoderPass = {}): tf.Tensor3D {
    this.calls++;
    this.rows += embeddings.shape[0];
    const [B, N, H] = embeddings.shape;
    const w = this.weights;
    const ones = tf.ones([H]);
    let x = tf.add(embeddings, tf.slice(w.positions as tf.Tensor2D, [0, 0], [N, H])) as tf.Tensor3D;
    const normal = rmsNorm(x, ones);
    const asHead = (y: tf.Tensor): tf.Tensor4D => tf.reshape(y, [B, 1, N, H]);
    const flat = tf.reshape(normal, [B * N, H]);
    const q = asHead(loraLinear(flat, w.q, this.lora(pass, 0, B, N)));
    const v = asHead(loraLinear(flat, w.v, this.lora(pass, 1, B, N)));
    const mixed = attention(q, asHead(linear(normal, w.k)), v, { mask: causalMask(lengths, N) });
    x = tf.add(x, linear(tf.reshape(mixed, [B, N, H]), w.o));
    x = tf.add(x, linear(gelu(linear(rmsNorm(x, ones), w.inner)), w.outer));
    return rmsNorm(x, ones);
  }

  private lora(pass: DecoderPass, at: 0 | 1, B: number, N: number): LoraPart {
    if (!pass.lora) return undefined;
    const { config, variables } = pass.lora;
    // 64 counters a row: a row drops the same at whatever padded width.
    const number = (b: number): number => pass.dropoutRows?.[b] ?? b;
    const rows = Int32Array.from({ length: B * N }, (_, i) => 64 * number(Math.floor(i / N)) + (i % N));
    const dropout =
      pass.dropoutKey === undefined
        ? undefined
        : { rate: config.dropout, key: hash32(pass.dropoutKey, at), rows };
    return { a: variables[2 * at], b: variables[2 * at + 1], scale: config.alpha / config.rank, dropout };
  }

  dispose(): void {
    tf.dispose(this.weights);
  }
}
type LoraPart = globalThis.Parameters<typeof loraLinear>[2];

/** A language model around the tiny decoder; encodes by the mean of its states. */
export function tinyKnowledge(decoder = new TinyDecoder()): KnowledgeLLM & { readonly decoder: TinyDecoder } {
  return {
    specVersion: 'v1',
    id: 'tiny-test',
    capabilities: { encode: true, generate: true, differentiable: true },
    hiddenSize: decoder.hiddenSize,
    contentHash: 'tiny-test',
    decoder,
    async encode(texts) {
      const H = decoder.hiddenSize;
      const all = texts.map((text) =>
        tf.tidy(() => {
          const ids = decoder.tokenize(text);
          const vectors = tf.reshape(decoder.embed(tf.tensor1d(ids, 'int32')), [
            1,
            ids.length,
            H,
          ]) as tf.Tensor3D;
          return [...tf.mean(decoder.forward(vectors, Int32Array.of(ids.length)), 1).dataSync()];
        }),
      );
      return Float32Array.from(all.flat());
    },
    async generate(prompts, { maxTokens, onAnswer }) {
      const answers = prompts.map((prompt) => continuation(decoder, prompt, maxTokens));
      for (const [index, text] of answers.entries())
        await onAnswer?.(index, { text, promptTokens: 1, answerTokens: 1, cost: 0 });
      return answers;
    },
    dispose: () => decoder.dispose(),
  };
}

/** The words of the shop that the decoder finds likeliest to come next; it has 64 positions. */
function continuation(decoder: TinyDecoder, prompt: string, maxTokens: number): string {
  const ids = decoder.tokenize(prompt.replace(/\s+/g, ' ')).slice(-60);
  const scores = tf.tidy(() => {
    const H = decoder.hiddenSize;
    const input = tf.reshape(decoder.embed(tf.tensor1d(ids, 'int32')), [1, ids.length, H]) as tf.Tensor3D;
    const states = tf.reshape(decoder.forward(input, Int32Array.of(ids.length)), [ids.length, H]);
    const last = tf.slice(states, [ids.length - 1, 0], [1, H]) as tf.Tensor2D;
    const starts = words.map((word) => decoder.tokenize(word)[0]);
    return [...tf.matMul(last, decoder.embed(tf.tensor1d(starts, 'int32')), false, true).dataSync()];
  });
  const order = [...words.keys()].sort((a, b) => scores[b] - scores[a]);
  return order
    .slice(0, Math.min(maxTokens, 4))
    .map((at) => words[at])
    .join(' ');
}

/** Not SHA-256, but different content has a different hash. */
export const tinyHasher: Hasher = {
  sha256: (content) => [...String(content)].reduce((key, c) => hash32(key, c.charCodeAt(0)), 1).toString(16),
};

export interface TinyWorld {
  readonly dataset: Dataset;
  readonly model: SequenceModel;
  readonly backbone: MeanBackbone;
  readonly parameters: Parameters;
  readonly decoder: TinyDecoder;
  /** Lines that were logged. */
  readonly log: readonly string[];
  dispose(): void;
}

/** A model of the tiny backbone and a fusion, made as the front door makes it. */
export async function tinyWorld<Fusion extends FusionStrategy>(
  fusion: Fusion,
  options: {
    seed?: number;
    knowledge?: KnowledgeLLM & { readonly decoder: TinyDecoder };
    dataset?: Dataset;
    texts?: TextStore;
    dimension?: number;
  } = {},
): Promise<TinyWorld & { readonly fusion: Fusion }> {
  const { seed = 1, knowledge = tinyKnowledge(), dataset = tinyDataset() } = options;
  const { texts = new MemoryTextStore() } = options;
  const random = new Random(seed);
  const parameters = new Parameters(random.derive('parameters'));
  const training = leaveOneOut(dataset);
  const loss = createLoss('softmax', { ...training, random: random.derive('loss') });
  const backbone = new MeanBackbone(options.dimension);
  backbone.initialize({
    itemCount: dataset.itemCount,
    parameters: parameters.scope('backbone'),
    loss,
    dataset,
  });
  const log: string[] = [];
  await fusion.initialize({
    ...training,
    backbone,
    knowledge,
    writer: new StoredTextWriter({ knowledge, store: texts, hasher: tinyHasher, progress: silent }),
    parameters: parameters.scope('fusion'),
    random: random.derive('fusion'),
    progress: { ...silent, log: (line) => log.push(line) },
  });
  const model = new SequenceModel(backbone, fusion, parameters);
  const dispose = (): void => {
    model.dispose();
    knowledge.dispose();
  };
  return { dataset, model, backbone, parameters, decoder: knowledge.decoder, log, fusion, dispose };
}
