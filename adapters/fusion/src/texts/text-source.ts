import {
  type ExtractionContext,
  type FusionContext,
  type TextWriter,
  type TrainingPart,
  UsageError,
  type WrittenText,
} from '@coco-rec/core';
import type { GeneratedTextConfig } from './generated-text-config.js';
import { type TextScope, chooseScope } from './text-scope.js';
import { type TextTable, noTexts, textTable } from './text-table.js';
import { UserTexts } from './user-texts.js';

/** What the language model is asked with. */
export interface Asking extends TrainingPart {
  readonly scope: TextScope;
  readonly writer: TextWriter;
}

/** The texts of a scope, in its order. */
export interface Knowledge {
  readonly users: readonly WrittenText[];
  /** Absent where the fusion reads none. */
  readonly items?: readonly WrittenText[];
}

/** What a fusion that reads generated text says of itself. */
export interface TextSource {
  /** Id of the fusion. */
  readonly fusion: string;
  readonly config: GeneratedTextConfig;
  /** Puts the prompts, one stage after another. */
  readonly ask: (asking: Asking) => Promise<Knowledge>;
}

/** Generated texts as vectors. */
export interface ReadTexts {
  readonly users: UserTexts;
  /** [V+1, w]; without any text where none were asked for. */
  readonly items: TextTable;
}

/** Has the texts of everybody in scope written. @throws UsageError if the data has no item texts */
export async function writeTexts(
  { fusion, config, ask }: TextSource,
  { dataset, trainLengths, writer }: ExtractionContext,
): Promise<Knowledge & { readonly scope: TextScope }> {
  if (!dataset.texts) {
    throw new UsageError(
      `Fusion "${fusion}" needs item texts, and ${dataset.name} has none: name the columns in "data.text".`,
    );
  }
  const scope = chooseScope({ dataset, trainLengths }, config);
  return { scope, ...(await ask({ dataset, trainLengths, scope, writer })) };
}

/** Has the texts written and encoded. @throws UsageError if there is no item text or no model that generates */
export async function readTexts(source: TextSource, context: FusionContext): Promise<ReadTexts> {
  const { fusion, config } = source;
  const { dataset, trainLengths, writer } = context;
  if (!writer) throw new UsageError(`Fusion "${fusion}" needs a language model that generates text.`);
  const { scope, users, items } = await writeTexts(source, { dataset, trainLengths, writer });
  const common = { context, fusion, config };
  const rows = [...users.keys()].map((i) => i + 1);
  const ofUsers = { ...common, kind: 'users', texts: users, rows, count: users.length + 1 } as const;
  const count = dataset.itemCount + 1;
  return {
    users: new UserTexts(await textTable(ofUsers), scope.users, config.heldBack, trainingRows(context)),
    items: items
      ? await textTable({ ...common, kind: 'items', texts: items, rows: scope.items, count })
      : noTexts(count),
  };
}

/** Every training interaction but the first of a user is predicted. */
function trainingRows({ trainLengths }: TrainingPart): number {
  return trainLengths.reduce((sum, length) => sum + Math.max(0, length - 1), 0);
}
