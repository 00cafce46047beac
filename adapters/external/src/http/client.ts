import { setTimeout as sleep } from 'node:timers/promises';
import { OutsideError, StoppedError } from '@coco-rec/core';

export interface ClientOptions {
  readonly timeoutSeconds: number;
  /** Tries after the first. */
  readonly retries: number;
  /** Before the first further try; doubled before each later one. */
  readonly backoffSeconds: number;
  /** Sent as "Authorization: Bearer …". */
  readonly token?: string;
  readonly signal?: AbortSignal;
}

/** Why a try failed, and whether another may do. */
class Failure extends Error {
  constructor(
    reason: string,
    readonly isPassing: boolean,
    readonly status?: number,
  ) {
    super(reason);
  }
}

/** Whether a service was reached and may have stumbled over what it was asked for. */
export function isAboutContent({ cause }: OutsideError): boolean {
  return !(cause instanceof Failure) || [400, 422, 500].includes(cause.status ?? 0);
}

const longestBackoffSeconds = 30;

/**
 * Posts JSON and reads JSON; tries again after a time-out, a broken connection, and the answers 429 and 5xx.
 * @throws OutsideError in one sentence with the address and the tries; StoppedError when stopped by the signal
 */
export async function postJson(url: string, body: unknown, options: ClientOptions): Promise<unknown> {
  const { retries, backoffSeconds, signal } = options;
  for (let tried = 1; ; tried++) {
    try {
      return await post(url, JSON.stringify(body), options);
    } catch (error) {
      if (signal?.aborted) throw new StoppedError('Stopped while waiting for the service.', { cause: error });
      if (!(error instanceof Failure)) throw error;
      if (!error.isPassing || tried > retries) {
        const tries = tried > 1 ? ` (${tried} tries)` : '';
        throw new OutsideError(`The service at ${url} ${error.message}${tries}.`, { cause: error });
      }
      const pause = Math.min(longestBackoffSeconds, backoffSeconds * 2 ** (tried - 1));
      await sleep(1000 * pause, undefined, { signal }).catch(() => undefined); // the next try sees the signal
    }
  }
}

async function post(url: string, body: string, options: ClientOptions): Promise<unknown> {
  const { timeoutSeconds, token, signal } = options;
  const timeout = AbortSignal.timeout(Math.ceil(1000 * timeoutSeconds));
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
      body,
      redirect: 'manual', // to follow 301 and 302 would make GET of POST, without the body
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    });
    text = await response.text();
  } catch (error) {
    if (timeout.aborted) throw new Failure(`gave no answer within ${timeoutSeconds} s`, true);
    throw new Failure(`cannot be reached or broke off (${causeOf(error)})`, true);
  }
  demandNoRedirect(response, url);
  if (!response.ok) {
    const isPassing = response.status === 429 || response.status >= 500;
    throw new Failure(
      `answered ${response.status} ${response.statusText}: ${excerpt(text)}`,
      isPassing,
      response.status,
    );
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new Failure(`answered what is not JSON: ${excerpt(text)}`, false);
  }
}

/** @throws Failure that names the new address, without a password in it */
function demandNoRedirect({ status, headers }: Response, url: string): void {
  if (status < 300 || status >= 400) return;
  const moved = headers.get('location');
  if (moved !== null && !URL.canParse(moved, url)) {
    const mend = 'write the address that answers in the config';
    throw new Failure(`sends on (${status}) to something that is no address: ${mend}`, false);
  }
  const to = moved === null ? '' : ` to ${withoutLogin(new URL(moved, url))}`;
  throw new Failure(`sends on${to} (${status}): write the new address in the config`, false);
}

function withoutLogin(address: URL): string {
  address.username = '';
  address.password = '';
  return address.href;
}

const excerpt = (text: string): string => JSON.stringify(text.slice(0, 80));

/** `fetch` hides the reason in the cause. */
function causeOf(error: unknown): string {
  const { cause, message } = error as Error;
  const { code, message: inner } = (cause ?? {}) as { code?: string; message?: string };
  return code ?? inner ?? message;
}
