import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Template } from '@huggingface/jinja';
import { CocoError } from '@coco-rec/core';
import type { GgufValue } from './formats/gguf.js';
import { readJson } from './read-json.js';
import type { TextTokenizer } from './tokenizer.js';

/** How a model wants to be talked to: a Jinja template as model files bring it, and the control tokens that it names. */
export interface ChatTemplate {
  readonly template: string;
  readonly beginning: string;
  readonly end: string;
}

/** From a Hugging Face folder: `chat_template.jinja`, else the key in `tokenizer_config.json`. */
export function chatTemplateOfFolder(folder: string): ChatTemplate | undefined {
  const config = readJson(join(folder, 'tokenizer_config.json'));
  const file = join(folder, 'chat_template.jinja');
  const template = existsSync(file) ? readFileSync(file, 'utf8') : textOf(config.chat_template);
  if (template === undefined) return undefined;
  return { template, beginning: tokenText(config.bos_token), end: tokenText(config.eos_token) };
}

/** A model may have several, for tools and the like. */
function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (!Array.isArray(value)) return undefined;
  const named = value as readonly { name?: unknown; template?: unknown }[];
  const chosen = named.find(({ name }) => name === 'default')?.template;
  return typeof chosen === 'string' ? chosen : undefined;
}

/** A token is a text, or an object with a text. */
function tokenText(value: unknown): string {
  if (typeof value === 'string') return value;
  const content = (value as { content?: unknown } | null | undefined)?.content;
  return typeof content === 'string' ? content : '';
}

/** From GGUF metadata. */
export function chatTemplateOfGguf(metadata: ReadonlyMap<string, GgufValue>): ChatTemplate | undefined {
  const template = metadata.get('tokenizer.chat_template');
  if (typeof template !== 'string') return undefined;
  const tokens = metadata.get('tokenizer.ggml.tokens') as readonly string[] | undefined;
  const token = (name: string): string =>
    tokens?.[Number(metadata.get(`tokenizer.ggml.${name}_token_id`))] ?? '';
  return { template, beginning: token('bos'), end: token('eos') };
}

/** Stands for the prompt while the template is filled in: of a private use area, so in no template. */
const placeholder = '\uE0C0';

/**
 * Token ids of a prompt as the user's turn, up to where the answer starts. Only the template's own control tokens count as
 * such: what looks like one in a prompt is plain text. An empty prompt has no ids.
 * @throws CocoError where the template cannot be filled in
 */
export function chatReader(
  tokenizer: TextTokenizer,
  { template, beginning, end }: ChatTemplate,
  path: string,
): (prompt: string) => number[] {
  const parts = filledIn(template, { bos_token: beginning, eos_token: end }, path).split(placeholder);
  if (parts.length !== 2) {
    throw new CocoError(
      `${path}: its chat template shows a message ${parts.length - 1} times, not once. "knowledge.chat: false" goes without it.`,
    );
  }
  const [before, after] = parts.map((part) => tokenizer.encode(part, true));
  return (prompt) => (prompt === '' ? [] : [...before, ...tokenizer.encode(prompt), ...after]);
}

function filledIn(template: string, tokens: Record<string, string>, path: string): string {
  try {
    const messages = [{ role: 'user', content: placeholder }];
    return new Template(template).render({ messages, add_generation_prompt: true, ...tokens });
  } catch (error) {
    throw new CocoError(
      `${path}: its chat template cannot be used (${(error as Error).message}). "knowledge.chat: false" goes without it.`,
      { cause: error },
    );
  }
}
