import type * as OnnxRuntime from 'onnxruntime-node';
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { CocoError, UsageError } from '@coco-rec/core';

/** Names of a model's inputs and of its output. */
export interface Ports {
  readonly items: string;
  readonly lengths?: string;
  readonly mask?: string;
  /** Default: the only one. */
  readonly output?: string;
}

/** Histories as a model takes them. */
export interface ModelBatch {
  readonly batchSize: number;
  readonly length: number;
  /** [B·T] the model's item numbers. */
  readonly items: Int32Array;
  /** [B] */
  readonly lengths: Int32Array;
  /** [B·T] 1 where an item is. */
  readonly mask: Int32Array;
}

type Runtime = typeof OnnxRuntime;

/** What goes wrong is told in our words: the runtime's own lines on the terminal are for its developers. */
const quiet = { logSeverityLevel: 4 } as const;

/** An ONNX model whose inputs and output are known to be there. */
export class OnnxSession {
  private constructor(
    private readonly path: string,
    private readonly runtime: Runtime,
    private readonly session: InferenceSession,
    private readonly ports: Ports,
    private readonly output: string,
  ) {}

  /** @throws UsageError if the runtime is not installed or the names are others; CocoError if the file is none */
  static async open(path: string, model: Uint8Array, ports: Ports): Promise<OnnxSession> {
    const runtime = await loadRuntime();
    let session: InferenceSession;
    try {
      session = await runtime.InferenceSession.create(model, quiet);
    } catch (error) {
      throw new CocoError(`${path} cannot be opened as an ONNX model (${reasonOf(error)}).`, {
        cause: error,
      });
    }
    try {
      return new OnnxSession(path, runtime, session, ports, checkPorts(path, session, ports));
    } catch (error) {
      await session.release();
      throw error;
    }
  }

  /** The number of histories that the graph is made for; undefined: any. */
  get fixedBatch(): number | undefined {
    return this.fixedSize(0);
  }

  /** The length that the graph is made for; undefined: any. */
  get fixedLength(): number | undefined {
    return this.fixedSize(1);
  }

  private fixedSize(axis: 0 | 1): number | undefined {
    const size = this.shapeOf(this.ports.items)[axis];
    return typeof size === 'number' && size > 0 ? size : undefined;
  }

  private shapeOf(input: string): readonly (number | string)[] {
    const found = this.session.inputMetadata.find(({ name }) => name === input);
    return found?.isTensor ? found.shape : [];
  }

  /** @returns the output's shape and numbers */
  async run(batch: ModelBatch): Promise<{ shape: readonly number[]; values: Float32Array }> {
    const { items, lengths, mask, batchSize: B, length: T } = batch;
    const { ports } = this;
    const feeds: Record<string, Tensor> = { [ports.items]: this.tensor(ports.items, items, [B, T]) };
    if (ports.lengths !== undefined) feeds[ports.lengths] = this.tensor(ports.lengths, lengths, [B]);
    if (ports.mask !== undefined) feeds[ports.mask] = this.tensor(ports.mask, mask, [B, T]);
    try {
      const found = (await this.session.run(feeds, [this.output], quiet))[this.output];
      return { shape: found.dims, values: this.floatsOf(found) };
    } catch (error) {
      if (error instanceof CocoError) throw error;
      const histories = B === 1 ? 'a history' : `${B} histories`;
      throw new CocoError(`${this.path} failed on ${histories} of length ${T} (${reasonOf(error)}).`, {
        cause: error,
      });
    }
  }

  private floatsOf({ data, type }: Tensor): Float32Array {
    if (data instanceof Float32Array) return data;
    if (data instanceof Float64Array) return Float32Array.from(data);
    throw new CocoError(
      `${this.path}: its output "${this.output}" holds numbers of the type ${type}; export it with states of the type ` +
        'float32 or float64.',
    );
  }

  /** In the type that the graph asks for. */
  private tensor(input: string, values: Int32Array, shape: readonly number[]): Tensor {
    const found = this.session.inputMetadata.find(({ name }) => name === input);
    const type = found?.isTensor ? found.type : 'int64';
    const { Tensor: OnnxTensor } = this.runtime;
    if (type === 'int32') return new OnnxTensor('int32', values, shape);
    if (type === 'float32') {
      const rounded = values.find((value) => Math.fround(value) !== value);
      if (rounded === undefined) return new OnnxTensor('float32', Float32Array.from(values), shape);
      throw new CocoError(
        `${this.path}: its input "${input}" is float32, which cannot hold the item number ${rounded}; export it with int64.`,
      );
    }
    if (type === 'bool') return new OnnxTensor('bool', Uint8Array.from(values), shape);
    return new OnnxTensor('int64', BigInt64Array.from(values, BigInt), shape);
  }

  release(): Promise<void> {
    return this.session.release();
  }
}

/** What the runtime says, on one line. */
const reasonOf = (error: unknown): string =>
  (error as Error).message
    .split(/\s*\n\s*/)
    .join(' ')
    .trim()
    .slice(0, 400);

async function loadRuntime(): Promise<Runtime> {
  try {
    return await import('onnxruntime-node');
  } catch (error) {
    if ((error as { code?: string }).code === 'ERR_MODULE_NOT_FOUND') {
      throw new UsageError(
        'Backbone "onnx" needs the package onnxruntime-node: npm install onnxruntime-node (its programs are in the ' +
          'package; no install script has to run).',
        { cause: error },
      );
    }
    const reason = (error as Error).message.split('\n')[0];
    throw new CocoError(`onnxruntime-node cannot be loaded here (${reason}).`, { cause: error });
  }
}

/** @returns the output's name. @throws UsageError if the graph has other inputs or outputs than the config names */
function checkPorts(path: string, { inputNames, outputNames }: InferenceSession, ports: Ports): string {
  const named = [ports.items, ports.lengths, ports.mask].filter((name) => name !== undefined);
  const keys = '"backbone.itemsInput", "backbone.lengthsInput" and "backbone.maskInput"';
  const has = `${path} has the inputs ${inputNames.join(', ')}`;
  const lacking = named.find((name) => !inputNames.includes(name));
  if (lacking !== undefined) throw new UsageError(`${has}, but no "${lacking}": set ${keys}.`);
  const open = inputNames.find((name) => !named.includes(name));
  if (open !== undefined) throw new UsageError(`${has}; nothing is named for "${open}": set ${keys}.`);
  const output = ports.output ?? (outputNames.length === 1 ? outputNames[0] : undefined);
  if (output !== undefined && outputNames.includes(output)) return output;
  throw new UsageError(
    `${path} has the outputs ${outputNames.join(', ')}: name the one with the states as "backbone.output".`,
  );
}
