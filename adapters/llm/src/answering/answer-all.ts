import { CocoError, type GenerateOptions, type GeneratedText, type PromptFailure } from '@coco-rec/core';

/** One prompt has no answer; the others may have theirs. Anything else that is thrown ends the work. */
export class PromptError extends CocoError {
  override readonly name: string = 'PromptError';

  constructor(
    message: string,
    readonly failure: PromptFailure = {},
  ) {
    super(message);
  }
}

/** Answers one prompt. Rejects at once when the signal comes. */
export type Answerer = (prompt: string, signal: AbortSignal | undefined) => Promise<GeneratedText>;

const nothing: GeneratedText = { text: '', promptTokens: 0, answerTokens: 0, cost: 0 };

/**
 * Answers prompts, `width` at a time, and tells of them as `GenerateOptions` asks. An empty prompt has the empty answer.
 * After a failure that ends the work nothing new is begun, but what is under way is waited for and told: it may be paid for.
 */
export async function answerAll(
  prompts: readonly string[],
  options: GenerateOptions & { readonly width: number },
  answer: Answerer,
): Promise<string[]> {
  const { onAnswer, onFailure, signal, width } = options;
  const answers = prompts.map(() => '');
  const queue = prompts.keys();
  const told = new Turns();
  let end: { readonly error: unknown } | undefined;

  const one = async (index: number): Promise<void> => {
    const made = await (prompts[index] === '' ? nothing : answer(prompts[index], signal));
    answers[index] = made.text;
    await told.next(() => onAnswer?.(index, made));
  };
  const worker = async (): Promise<void> => {
    for (const index of queue) {
      if (end || signal?.aborted) return;
      try {
        await one(index);
      } catch (error) {
        if (error instanceof PromptError && onFailure) {
          await told
            .next(() => onFailure(index, error.message, error.failure))
            .catch((error: unknown) => (end ??= { error }));
        } else end ??= { error };
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, prompts.length) }, worker));
  signal?.throwIfAborted();
  if (end) throw end.error;
  return answers;
}

/** Calls one after another, whoever asks. */
class Turns {
  private last: Promise<void> = Promise.resolve();

  next(call: () => Promise<void> | void): Promise<void> {
    const mine = this.last.then(call);
    this.last = mine.catch(() => undefined);
    return mine;
  }
}
