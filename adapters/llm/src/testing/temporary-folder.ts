import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder for the tests of one `describe`, gone after the last of them. */
export class TemporaryFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'coco-llm-test-'));

  at(...names: readonly string[]): string {
    return join(this.path, ...names);
  }

  /** @returns the file's path */
  write(name: string, content: string | Uint8Array): string {
    writeFileSync(this.at(name), content);
    return this.at(name);
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
