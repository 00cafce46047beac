import { randomInt } from 'node:crypto';
import { CocoError, OutsideError, type ServiceAccount, type SpendLedger } from '@coco-rec/core';
import { PromptError } from '../answering/answer-all.js';
import { Budget, type Reservation } from './budget.js';
import { type Failure, TimeOutError, explainFailure } from './failure.js';
import type { Outage } from './outage.js';
import { RateLimit, type Timer, realTimer } from './rate-limit.js';

/** A server that asks for a longer wait than this is not waited for. */
const longestWait = 600_000;
const longestBackOff = 30_000;

export interface SenderOptions {
  /** Of the server, for errors. */
  readonly host: string;
  readonly key: string | undefined;
  readonly keyVariable: string;
  readonly requestsPerMinute?: number;
  readonly tokensPerMinute?: number;
  readonly maxCost?: number;
  /** Where what is spent on `account` is noted. */
  readonly spend?: SpendLedger;
  readonly account: string;
  readonly maxRetries: number;
  /** Seconds before the first retry; doubled each time. */
  readonly retryDelay: number;
  /** In seconds. */
  readonly timeout: number;
  readonly timer?: Timer;
}

/** What a request takes: at most before it is sent, in truth afterwards. */
export interface Use {
  readonly tokens: number;
  /** In US dollars. */
  readonly cost: number;
}

export interface Request<Result> {
  /** At most. */
  readonly worst: Use;
  readonly signal?: AbortSignal;
  /** Shared by prompts that are asked together. Default: each stands alone. */
  readonly outage?: Outage;
  /** One try. @throws BadAnswerError for an answer of no use */
  send(signal: AbortSignal): Promise<{ readonly result: Result; readonly use: Use }>;
  /** Told of a refusal of this very request. @returns whether the request has been changed and is worth sending again */
  onRefusal?(failure: Failure): boolean;
}

export interface Sent<Result> {
  readonly result: Result;
  /** What failed tries before it cost, in US dollars. */
  readonly lostCost: number;
}

/** Leave to send a request. */
interface Admission {
  readonly reservation: Reservation;
  /** Told of the tokens once they are known. */
  readonly correct: (tokens: number) => void;
}

/** Sends requests within rate and budget, and again where that may help. */
export class Sender {
  private readonly rate: RateLimit;
  private readonly budget: Budget;
  private readonly timer: Timer;

  constructor(private readonly options: SenderOptions) {
    const { requestsPerMinute: requests, tokensPerMinute: tokens } = options;
    const { maxCost: cap, spend: ledger, account } = options;
    this.timer = options.timer ?? realTimer;
    this.rate = new RateLimit({ requests, tokens }, this.timer);
    this.budget = new Budget({ cap, ledger, account });
  }

  account(missingPrices: readonly string[]): ServiceAccount {
    const { account: name, maxCost: cap } = this.options;
    return { name, cap, missingPrices, spent: () => this.budget.spent() };
  }

  /** @throws PromptError where this request has no answer, CocoError where none would have one */
  async send<Result>(request: Request<Result>): Promise<Sent<Result>> {
    const { signal, outage } = request;
    let lostCost = 0;
    for (let retries = 0; ;) {
      signal?.throwIfAborted();
      const outcome = await this.attempt(request);
      if ('result' in outcome || !outcome.isServerFault) outage?.end();
      if ('result' in outcome) return { result: outcome.result, lostCost };
      lostCost += outcome.cost ?? request.worst.cost;
      signal?.throwIfAborted();
      if (outcome.kind === 'prompt' && request.onRefusal?.(outcome)) continue;
      const most = Math.min(this.options.maxRetries, outcome.maxRetries ?? Infinity);
      const isLast = outcome.kind !== 'again' || retries >= most;
      if (!isLast && !outage?.isCertain) await this.wait(outcome, retries, signal);
      // It may have become certain by other prompts during the wait.
      if (isLast || outage?.isCertain) throw this.giveUp(outcome, { retries, cost: lostCost, outage });
      retries++;
    }
  }

  private async attempt<Result>(request: Request<Result>): Promise<{ result: Result } | Failure> {
    const { reservation, correct } = await this.admit(request);
    const outcome = await this.limited(request).catch((error: unknown) =>
      explainFailure(error, this.options.key),
    );
    if ('result' in outcome) correct(outcome.use.tokens);
    reservation.settle('result' in outcome ? outcome.use.cost : (outcome.cost ?? request.worst.cost));
    return outcome;
  }

  /** Waits for money and for a place. Where other processes spent the money during the wait for the place, anew. */
  private async admit<Result>({ worst, signal }: Request<Result>): Promise<Admission> {
    for (;;) {
      const reservation = await this.budget.reserve(worst.cost);
      try {
        const correct = await this.rate.pass(worst.tokens, signal);
        if (reservation.begin()) return { reservation, correct };
        correct(0);
      } catch (error) {
        reservation.settle(0);
        throw error;
      }
    }
  }

  /** One try, ended by the signal or by the time-out, whether the server is silent before its answer or within. */
  private async limited<Result>({ send, signal }: Request<Result>): Promise<{ result: Result; use: Use }> {
    const { timeout } = this.options;
    const controller = new AbortController();
    const abort = (): void => controller.abort();
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      abort();
    }, timeout * 1000);
    signal?.addEventListener('abort', abort);
    try {
      return await send(controller.signal);
    } catch (error) {
      throw isLate ? new TimeOutError(`there was no answer within ${timeout} s`) : error;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    }
  }

  private async wait(failure: Failure, retries: number, signal?: AbortSignal): Promise<void> {
    const { host, retryDelay } = this.options;
    const { retryAfter = 0, reason } = failure;
    if (retryAfter > longestWait) {
      const seconds = Math.round(retryAfter / 1000);
      throw new CocoError(
        `${host} asks to wait for ${seconds} s: ${reason}. Start again then; answers are kept.`,
      );
    }
    if (retryAfter > 0) this.rate.pause(retryAfter); // the others would be refused as well
    const backOff = Math.min(longestBackOff, retryDelay * 1000 * 2 ** retries);
    // Jitter: requests that were refused together do not come back together.
    await this.timer.wait(retryAfter + (backOff * (500 + randomInt(500))) / 1000, signal);
  }

  private giveUp(
    { reason, kind, status, isUnreachable, isEmpty, isServerFault }: Failure,
    { retries, cost, outage }: { readonly retries: number; readonly cost: number; readonly outage?: Outage },
  ): CocoError {
    const { host, key, keyVariable } = this.options;
    const tries = retries === 0 ? '' : `, after ${retries} retries`;
    const message = `${host}: ${reason}${tries}`;
    if (isServerFault && outage) {
      outage.add();
      if (outage.isCertain) {
        return new OutsideError(
          `${host} failed on ${outage.prompts} prompts in a row, at last so: ${reason}${tries}. ` +
            'Every answer that came is kept: once the server answers, the same command goes on with the rest.',
        );
      }
    }
    if (kind !== 'all' && !isUnreachable) {
      return new PromptError(`${message}.`, { kind: isEmpty ? 'empty' : undefined, cost });
    }
    const isKey = status === 401 || status === 403;
    const which = key === undefined ? 'is not set' : 'may be wrong';
    return new CocoError(isKey ? `${message}. The key in ${keyVariable} ${which}.` : `${message}.`);
  }
}
