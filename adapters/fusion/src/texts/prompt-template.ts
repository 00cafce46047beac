/**
 * Prompts are Liquid templates in files, each with a version in a comment on its first line. They can read no other file.
 * What they are filled with is data: cleaned, cut and delimited before the template sees it.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Liquid, type Template } from 'liquidjs';
import {
  type Provenance,
  type TextPrompt,
  UsageError,
  cleanText,
  fileErrorReason,
  maxTextLength,
} from '@coco-rec/core';

const folder = fileURLToPath(new URL('../../prompts/', import.meta.url));
const engine = new Liquid({
  strictVariables: true,
  strictFilters: true,
  ownPropertyOnly: true,
  templates: {},
});
const dataBlock = /<data>[^]*?<\/data>/g;
const dataTag = /<\s*\/?\s*data[^>]*>?/giu;
const versionComment = /^\s*\{%-?\s*comment\s*-?%\}\s*version:\s*([\w.-]*\w)/;

export type PromptValues = Readonly<Record<string, string>>;

/** Characters of an item's text that a prompt shows at most. */
export const shownCharacters = 200;

/** Lines of data, as a template shows them. A line cannot end the block: it has no tag and no line break. */
export function asData(lines: readonly string[], maxCharacters = shownCharacters): string {
  const safe = lines.map((line) =>
    withoutTags(line)
      .slice(0, maxCharacters)
      .replace(/\p{Cs}$/u, '')
      .trimEnd(),
  );
  return `<data>\n${safe.join('\n')}\n</data>`;
}

/** What stands around a tag that is taken out may be one itself. */
function withoutTags(line: string): string {
  const clean = cleanText(line);
  const rest = cleanText(clean.replace(dataTag, ' '));
  return rest === clean ? clean : withoutTags(rest);
}

/** Characters of an earlier answer that a later prompt shows at most. */
const answerCharacters = maxTextLength;

/** An earlier answer of the model: no instruction to it either. */
export function answerAsData(text: string): string {
  return asData([text], answerCharacters);
}

export class PromptTemplate {
  private constructor(
    /** Name and version, "kar-factual 1". */
    readonly label: string,
    private readonly path: string,
    private readonly parsed: Template[],
  ) {}

  /** @param path of a user's own template, instead of the one of this name */
  static load(name: string, path?: string): PromptTemplate {
    const file = path ?? `${folder}${name}.liquid`;
    let source: string;
    try {
      source = readFileSync(file, 'utf8');
    } catch (error) {
      throw new UsageError(`The template ${file} cannot be read: ${fileErrorReason(error)}.`);
    }
    const version = versionComment.exec(source)?.[1];
    // Not the path: a file that moves is the same template.
    const label = `${path === undefined ? '' : 'own '}${name} ${version ?? 'without version'}`;
    try {
      return new PromptTemplate(label, file, engine.parse(source));
    } catch (error) {
      throw new UsageError(`The template ${file} is wrong: ${firstLine(error)}.`);
    }
  }

  /** @throws UsageError naming the file and line of a value that is not known */
  render(values: PromptValues, shown: Provenance): TextPrompt {
    let text: string;
    try {
      text = (engine.renderSync(this.parsed, values) as string).trim();
    } catch (error) {
      const known = Object.keys(values).join(', ');
      throw new UsageError(`The template ${this.path} is wrong: ${firstLine(error)}. It may use ${known}.`);
    }
    return { text, template: this.label, instructions: text.replace(dataBlock, '\n'), shown };
  }
}

function firstLine(error: unknown): string {
  return (error as Error).message.split('\n')[0].replace(/\.$/, '');
}
