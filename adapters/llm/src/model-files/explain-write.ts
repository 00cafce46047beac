import { CocoError } from '@coco-rec/core';

const reasons: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'your share of the disk is full',
  EFBIG: 'files of this size are not allowed here',
  EACCES: 'permission is denied',
  EPERM: 'permission is denied',
  EROFS: 'the disk is read-only',
  ENOTDIR: 'a part of the path is a file, not a folder',
  EEXIST: 'a file stands where a folder is needed',
};

/** A failed write as a sentence. @param rest what became of the rest, as a sentence of its own */
export function explainWrite(error: unknown, path: string, rest = ''): CocoError {
  if (error instanceof CocoError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  const sentence = `Cannot write ${path}: ${reasons[code ?? ''] ?? message}.`;
  return new CocoError(rest ? `${sentence} ${rest}` : sentence, { cause: error });
}
