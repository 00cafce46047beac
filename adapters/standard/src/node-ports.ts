import { createHash, randomUUID } from 'node:crypto';
import { promises as fs } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { CocoError, type FileStore, type Hasher, type Progress, fileErrorReason } from '@coco-rec/core';

/** Files below a folder of this machine. A write goes to a temporary file first and is then renamed. */
export class NodeFileStore implements FileStore {
  readonly root: string;

  constructor(root: string) {
    this.root = resolve(root);
  }

  async read(path: string): Promise<Uint8Array | undefined> {
    try {
      return await fs.readFile(join(this.root, path));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw explain(error, join(this.root, path), 'read');
    }
  }

  async write(path: string, content: Uint8Array | string): Promise<void> {
    const target = join(this.root, path);
    const temporary = `${target}.${randomUUID().slice(0, 8)}.tmp`;
    try {
      await fs.mkdir(dirname(target), { recursive: true });
      await fs.writeFile(temporary, content, { flush: true });
      await fs.rename(temporary, target);
    } catch (error) {
      await fs.rm(temporary, { force: true });
      throw explain(error, target, 'write');
    }
  }

  async append(path: string, line: string): Promise<void> {
    const target = join(this.root, path);
    try {
      await fs.mkdir(dirname(target), { recursive: true });
      await fs.appendFile(target, `${line}\n`);
    } catch (error) {
      throw explain(error, target, 'write');
    }
  }

  async list(folder: string): Promise<string[]> {
    try {
      return (await fs.readdir(join(this.root, folder))).sort();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw explain(error, join(this.root, folder), 'read');
    }
  }

  async remove(path: string): Promise<void> {
    await fs.rm(join(this.root, path), { recursive: true, force: true });
  }
}

function explain(error: unknown, path: string, verb: 'read' | 'write'): CocoError {
  return new CocoError(`Cannot ${verb} ${path}: ${fileErrorReason(error)}.`, { cause: error });
}

/** SHA-256 by Node. */
export const nodeHasher: Hasher = {
  sha256: (content) => createHash('sha256').update(content).digest('hex'),
};

/** Says nothing; the default of `createRecommender`. */
export const silentProgress: Progress = { report: () => undefined, log: () => undefined };
