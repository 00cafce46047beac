import type { StoredText } from '../specification/ports.js';

/** The failure of an answer without a word. */
export const emptyAnswer = 'the answer is empty';

/** Records of older versions have the reason alone, in the words of the language model that was asked. */
const olderReason = /^(\S+: )?the answer is empty(, after \d+ retries)?\.?$/i;

/** Whether there is no text because the language model answered without a word. */
export function isEmptyAnswer({
  text,
  failure = '',
  failureKind,
}: Pick<StoredText, 'text' | 'failure' | 'failureKind'>): boolean {
  return text === undefined && (failureKind === 'empty' || olderReason.test(failure));
}
