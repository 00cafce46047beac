/** A tensor as it lies in a model file, read on demand. `shape` is in row-major order, [out, in] for a projection. */
export interface StoredTensor {
  readonly shape: readonly number[];
  /** Type as the file names it: F32, BF16, Q4_1, … */
  readonly type: string;
  /** Bytes in the file. */
  readonly byteLength: number;
  read(): Float32Array;
}

/** The tensors of a model by the names of Hugging Face's Llama and Qwen3 ("model.layers.0.self_attn.q_proj.weight"). */
export type Weights = ReadonlyMap<string, StoredTensor>;
