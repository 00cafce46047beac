import OpenAI from 'openai';

/** The server's answer is of no use: empty, half, or of a wrong size. Asked again, it may be another. */
export class BadAnswerError extends Error {
  /** @param cost what it cost all the same, in US dollars @param isEmpty without a word */
  constructor(
    message: string,
    readonly cost: number,
    readonly isEmpty = false,
  ) {
    super(message);
  }
}

/** The server was silent for too long. */
export class TimeOutError extends Error {}

export interface Failure {
  /** Half a sentence, without the key. */
  readonly reason: string;
  /** `again`: worth another try. `prompt`: this prompt cannot be answered. `all`: no prompt can. */
  readonly kind: 'again' | 'prompt' | 'all';
  /** What the server charged for it, in US dollars; undefined: unknown, so up to all of it. */
  readonly cost?: number;
  /** Retries at most: what is asked the same way is often answered the same way. */
  readonly maxRetries?: number;
  /** So long the server asks to wait, in ms. */
  readonly retryAfter?: number;
  /** An answer without a word. */
  readonly isEmpty?: boolean;
  /** It says that the server is not well, and nothing of the prompt: a time-out, a broken connection, a status from 500. */
  readonly isServerFault?: boolean;
  /** There was no connection at all. */
  readonly isUnreachable?: boolean;
  readonly status?: number;
}

const again: readonly (number | undefined)[] = [408, 409, 425, 429];
const ofPrompt: readonly (number | undefined)[] = [400, 413, 422];

/** What an error of a request means. @param key is never repeated, even if the server does */
export function explainFailure(error: unknown, key: string | undefined): Failure {
  if (error instanceof BadAnswerError) {
    const { message: reason, cost, isEmpty } = error;
    return { reason, kind: 'again', cost, isEmpty, maxRetries: 2 };
  }
  if (error instanceof TimeOutError) return { reason: error.message, kind: 'again', isServerFault: true };
  if (error instanceof OpenAI.APIError && error.status !== undefined) return explainStatus(error, key);
  const code = codeOf(error);
  const isUnreachable = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'].includes(
    code,
  );
  if (isUnreachable) {
    return { reason: `it cannot be reached (${code})`, kind: 'again', cost: 0, isUnreachable };
  }
  if (error instanceof SyntaxError) return { reason: 'the answer is half a JSON', kind: 'again' };
  const detail = code === '' ? '' : ` (${code})`;
  return { reason: `the connection broke${detail}`, kind: 'again', isServerFault: true };
}

function explainStatus(error: InstanceType<typeof OpenAI.APIError>, key: string | undefined): Failure {
  const { status, headers } = error;
  const said = plain(bodyMessage(error), key);
  const reason = `it answered ${status}${said === '' ? '' : `: ${said}`}`;
  const failure = { reason, cost: 0, status: status as number };
  // A used-up account has the status of a rate limit, but waiting does not help.
  if (error.code === 'insufficient_quota') return { ...failure, kind: 'all' };
  // 501: the server cannot do it, now or later.
  if (again.includes(status) || ((status as number) >= 500 && status !== 501)) {
    const isServerFault = (status as number) >= 500;
    return {
      ...failure,
      kind: 'again',
      isServerFault,
      retryAfter: retryAfter(headers as Headers | undefined),
    };
  }
  return { ...failure, kind: ofPrompt.includes(status) ? 'prompt' : 'all' };
}

function bodyMessage({ error }: InstanceType<typeof OpenAI.APIError>): string {
  const message = (error as { message?: unknown } | undefined)?.message ?? error;
  return typeof message === 'string' ? message : '';
}

/** One short line. */
function plain(text: string, key: string | undefined): string {
  const hidden = key ? text.replaceAll(key, '…') : text;
  const line = hidden.replace(/[\s\p{C}]+/gu, ' ').trim();
  return line.length > 200 ? `${line.slice(0, 200)}…` : line;
}

/** `Retry-After` in seconds or as a date, or `retry-after-ms`. @returns ms */
function retryAfter(headers: Headers | undefined): number | undefined {
  const milliseconds = Number(headers?.get('retry-after-ms') ?? NaN);
  if (milliseconds >= 0) return milliseconds;
  const value = headers?.get('retry-after') ?? '';
  if (value === '') return undefined;
  const seconds = Number(value);
  const wait = Number.isNaN(seconds) ? Date.parse(value) - Date.now() : seconds * 1000;
  return Number.isNaN(wait) ? undefined : Math.max(0, wait);
}

/** The system's code, wherever in the chain of causes it stands; '' if there is none. */
function codeOf(error: unknown): string {
  for (let one = error; one instanceof Error; one = one.cause) {
    const { code } = one as NodeJS.ErrnoException;
    if (typeof code === 'string') return code;
    const [first] = one instanceof AggregateError ? (one.errors as unknown[]) : [];
    if (first) return codeOf(first);
  }
  return '';
}
