import { CocoError, fileErrorReason } from '@coco-rec/core';

/** A failed write as a sentence. @param rest what became of the rest, as a sentence of its own */
export function explainWrite(error: unknown, path: string, rest = ''): CocoError {
  if (error instanceof CocoError) return error;
  const sentence = `Cannot write ${path}: ${fileErrorReason(error)}.`;
  return new CocoError(rest ? `${sentence} ${rest}` : sentence, { cause: error });
}
