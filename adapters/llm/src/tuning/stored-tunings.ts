import {
  CocoError,
  type FileStore,
  type Hasher,
  type NamedArray,
  type Progress,
  decodeSafetensors,
  encodeSafetensors,
} from '@coco-rec/core';

export type LoraState = ReadonlyMap<string, NamedArray>;

/** LoRA weights in a folder, a safetensors file each, named by content. A damaged one counts as not there. */
export class StoredTunings {
  /** @param files undefined: nothing is kept */
  constructor(
    private readonly files: FileStore | undefined,
    private readonly hasher: Hasher,
    private readonly progress: Progress,
  ) {}

  async get(hash: string): Promise<LoraState | undefined> {
    const name = fileOf(hash);
    const bytes = await this.files?.read(name);
    if (!bytes) return undefined;
    try {
      const { tensors, metadata } = decodeSafetensors(bytes);
      if (metadata.checksum === this.checksum(tensors)) return tensors;
    } catch (error) {
      if (!(error instanceof CocoError)) throw error;
    }
    this.progress.log(`The LoRA weights in ${name} are damaged: they are tuned again.`);
    return undefined;
  }

  async put(hash: string, state: LoraState): Promise<void> {
    const content = encodeSafetensors(state, { checksum: this.checksum(state) });
    await this.files?.write(fileOf(hash), content);
  }

  private checksum(state: LoraState): string {
    const hashes = [...state].map(([name, { shape, values }]) => {
      const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
      return [name, shape.join(), this.hasher.sha256(bytes)];
    });
    return this.hasher.sha256(JSON.stringify(hashes));
  }
}

const fileOf = (hash: string): string => `${hash}.safetensors`;
