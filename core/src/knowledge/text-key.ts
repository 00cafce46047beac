import type { Hasher } from '../specification/ports.js';
import type { KnowledgeLLM } from '../specification/knowledge-llm.js';
import type { TextPrompt } from '../specification/text-writer.js';

type Answering = Pick<KnowledgeLLM, 'contentHash' | 'answerHash'>;

/** What decides a model's answers besides the prompt. */
export function answerHashOf({ contentHash, answerHash = contentHash }: Answering): string {
  return answerHash;
}

export interface TextKeyInput {
  readonly prompt: TextPrompt;
  readonly knowledge: Answering;
  readonly maxTokens: number;
}

/** SHA-256 of all that decides an answer: prompt, template and version, model, length. */
export function textKey({ prompt, knowledge, maxTokens }: TextKeyInput, hasher: Hasher): string {
  return hasher.sha256(JSON.stringify([prompt.template, prompt.text, answerHashOf(knowledge), maxTokens]));
}
