import { createHash } from 'node:crypto';
import type { AdapterContext, KnowledgeStore, SpendLedger } from '@coco-rec/core';

/** What a language model gets of the outside world: SHA-256 and, if wanted, a store; nothing is shown. */
export function testContext(
  knowledge?: KnowledgeStore,
  signal?: AbortSignal,
  spend?: SpendLedger,
): AdapterContext {
  const noFiles = (): never => {
    throw new Error('a language model uses no file store');
  };
  return {
    progress: { report: () => undefined, log: () => undefined },
    hasher: { sha256: (content) => createHash('sha256').update(content).digest('hex') },
    files: { read: noFiles, write: noFiles, append: noFiles, list: noFiles, remove: noFiles },
    knowledge,
    signal,
    spend,
  };
}
