/** Keys of CoCo's config that do nothing beside others: refused where the user has set them. */
import { UsageError } from '@coco-rec/core';
import { TextConfig } from '../text-config.js';
import type { CoCoConfig } from './config.js';
import type { CoCoSettings, PresetValues } from './presets.js';

interface IdleKey {
  readonly key: string;
  /** Undefined: not in the user's config. */
  readonly given: unknown;
  /** What it is without the user. */
  readonly otherwise?: unknown;
  readonly isIdle: boolean;
  /** What it does nothing with. */
  readonly beside: string;
  readonly remedy: string;
}

type Rules = (config: CoCoConfig, settings: CoCoSettings, preset: PresetValues) => readonly IdleKey[];

/** Soft prompts have no text, the fixed one no codebook. */
const promptRules: Rules = (config, { soft }, preset) => {
  const fixed = { isIdle: !soft, beside: '"fusion.soft: false"', remedy: 'set "fusion.soft: true"' };
  const weightOf = (key: 'orthogonalityWeight' | 'quantisationWeight'): IdleKey => {
    return { key, given: config[key], otherwise: preset[key], ...fixed };
  };
  return [
    { key: 'codebook', given: config.codebook, ...fixed },
    weightOf('orthogonalityWeight'),
    weightOf('quantisationWeight'),
    {
      key: 'promptText',
      given: config.promptText,
      isIdle: soft,
      beside: 'soft prompts',
      remedy: 'set "fusion.soft: false"',
    },
  ];
};

const codebookRules: Rules = (config, settings, preset) => {
  const { rule } = settings.codebook;
  const of = (
    key: 'temperature' | 'orthogonality' | 'quantisation',
  ): Omit<IdleKey, 'isIdle' | 'beside' | 'remedy'> => {
    return { key: `codebook.${key}`, given: config.codebook?.[key], otherwise: preset.codebook[key] };
  };
  const unweighed = (key: 'orthogonality' | 'quantisation'): IdleKey => ({
    ...of(key),
    isIdle: settings[`${key}Weight`] === 0,
    beside: `"fusion.${key}Weight: 0"`,
    remedy: `set "fusion.${key}Weight" above 0`,
  });
  return [
    {
      ...of('temperature'),
      isIdle: rule !== 'relative',
      beside: `"fusion.codebook.rule: ${rule}"`,
      remedy: 'set "fusion.codebook.rule: relative"',
    },
    unweighed('orthogonality'),
    unweighed('quantisation'),
  ];
};

/** Where x replaces the state there is no gate, and without LoRA there are no weights to mask. */
const learningRules: Rules = (config, { align, lora, contradiction }, preset) => {
  const own = typeof config.contradiction === 'object' ? config.contradiction : {};
  const ungated = {
    isIdle: !align.residual,
    beside: '"fusion.align.residual: false", which has no gate',
    remedy: 'set "fusion.align.residual: true"',
  };
  return [
    {
      key: 'align.lengthGate',
      given: config.align?.lengthGate,
      otherwise: preset.align.lengthGate,
      ...ungated,
    },
    {
      key: 'contradiction.startGate',
      given: own.startGate,
      otherwise: preset.contradiction?.startGate,
      ...ungated,
    },
    {
      key: 'contradiction.scope',
      given: own.scope,
      isIdle: contradiction?.scope === 'lora' && !lora,
      beside: '"fusion.lora: false"',
      remedy: 'set "fusion.contradiction.scope: llm"',
    },
  ];
};

const textRules: Rules = (config, settings, preset) => [
  {
    key: 'maxTitleTokens',
    given: config.maxTitleTokens,
    isIdle: settings.granularity === 'title',
    beside: 'one vector a title',
    remedy: 'set "fusion.granularity: token"',
  },
  {
    key: 'semantic.temperature',
    given: config.semantic?.temperature,
    otherwise: preset.semantic.temperature,
    isIdle: settings.semantic.weight === 0,
    beside: '"fusion.semantic.weight: 0"',
    remedy: 'set "fusion.semantic.weight" above 0',
  },
  {
    key: 'textWidth',
    given: config.textWidth,
    otherwise: new TextConfig().textWidth,
    // The preset `paper` reads no such vectors of itself; a width set for all methods of a comparison is told of instead.
    isIdle: settings.preset !== 'paper' && !readsTextVectors(settings),
    beside: '"fusion.itemText: false" and "fusion.userText: false"',
    remedy: 'set one of them to true',
  },
];

/**
 * @param config as the user gave it @param settings the same, filled in @param preset what it is filled in from
 * @throws UsageError for a key that is not what it would be anyway, and does nothing
 */
export function refuseIdleKeys(config: CoCoConfig, settings: CoCoSettings, preset: PresetValues): void {
  const all = [promptRules, codebookRules, learningRules, textRules].flatMap((rules) =>
    rules(config, settings, preset),
  );
  const found = all.find(
    ({ given, otherwise, isIdle }) => isIdle && given !== undefined && given !== otherwise,
  );
  if (!found) return;
  const { key, given, beside, remedy } = found;
  throw new UsageError(
    `Config key "fusion.${key}" is ${JSON.stringify(given)}, which does nothing with ${beside}; ` +
      `take it out, or ${remedy}.`,
  );
}

/** Whether vectors of titles, as wide as `textWidth`, go anywhere but into the language model. */
export function readsTextVectors({ itemText, userText, semantic }: CoCoSettings): boolean {
  return itemText || userText || semantic.weight > 0;
}

/** What the user should know of keys that a preset, not the user, makes idle. */
export function idleNotes(settings: CoCoSettings): readonly string[] {
  const { textWidth } = settings;
  if (readsTextVectors(settings) || textWidth === new TextConfig().textWidth) return [];
  return [
    `CoCo, preset paper: "textWidth: ${textWidth}" does nothing without "itemText: true" or "userText: true".`,
  ];
}
