import type { Control } from '../text-config.js';
import type { CoCoConfig } from './config.js';
import type {
  AlignConfig,
  CodebookConfig,
  ContradictionConfig,
  DecoupleConfig,
  LoraGroup,
  SemanticConfig,
} from './groups.js';
import { refuseIdleKeys } from './idle-keys.js';

/** CoCo's config with every key filled in. */
export interface CoCoSettings {
  readonly preset: 'default' | 'paper';
  readonly control: Control;
  readonly textWidth: number;
  readonly itemText: boolean;
  readonly userText: boolean;
  readonly fusedPositions: number;
  readonly trainShare: number;
  readonly maxTitles: number;
  readonly granularity: 'title' | 'token';
  readonly maxTitleTokens: number;
  readonly microBatch: number;
  readonly soft: boolean;
  readonly promptText: string;
  readonly auxiliaryWeight: number;
  readonly orthogonalityWeight: number;
  readonly quantisationWeight: number;
  readonly codebook: Required<CodebookConfig>;
  /** Undefined: no decoupling. */
  readonly decouple?: Required<DecoupleConfig>;
  readonly align: Required<AlignConfig>;
  /** Undefined: every row teaches everything. */
  readonly contradiction?: Required<ContradictionConfig>;
  /** Undefined: the language model is frozen. */
  readonly lora?: Required<LoraGroup>;
  readonly semantic: Required<SemanticConfig>;
}

/** All that a preset fills in. */
export type PresetValues = Omit<CoCoSettings, 'preset' | 'control' | 'textWidth'>;

/** Of the alignment, in both presets. */
export const defaultHeads = 4;

const defaultValues: PresetValues & Required<Pick<CoCoSettings, 'decouple' | 'contradiction' | 'lora'>> = {
  itemText: true,
  userText: true,
  fusedPositions: 4,
  trainShare: 1,
  maxTitles: 16,
  granularity: 'title',
  maxTitleTokens: 12,
  microBatch: 64,
  soft: true,
  promptText:
    'Products that a shopper bought, oldest first. What does this shopper like, and what comes next?',
  auxiliaryWeight: 0.2,
  orthogonalityWeight: 0.15,
  quantisationWeight: 0.25,
  codebook: {
    size: 64,
    shared: 2,
    threshold: 0.45,
    maxPrompts: 6,
    rule: 'cosine',
    temperature: 0.05,
    init: 'queries',
    orthogonality: 'squared',
    quantisation: 'unit',
    reseed: true,
  },
  decouple: { width: 0, dropout: 0 },
  align: { residual: true, heads: defaultHeads, lengthGate: false },
  contradiction: { scope: 'llm', startGate: 0.01 },
  lora: { rank: 8, alpha: 16, dropout: 0.05 },
  semantic: { weight: 0, temperature: 0.07 },
};

const paperValues: typeof defaultValues = {
  ...defaultValues,
  itemText: false,
  userText: false,
  fusedPositions: 1,
  codebook: {
    ...defaultValues.codebook,
    maxPrompts: 30,
    init: 'prompts',
    quantisation: 'literal',
    reseed: false,
  },
  align: { ...defaultValues.align, residual: false },
  contradiction: { scope: 'aligned', startGate: 0 },
};

/** Fills in the preset. @throws UsageError for keys that do nothing. */
export function settingsOf(config: CoCoConfig): CoCoSettings {
  const preset = config.preset === 'paper' ? paperValues : defaultValues;
  const { codebook, decouple, align, contradiction, lora, semantic, ...flat } = config;
  const settings: CoCoSettings = {
    ...preset,
    ...given(flat),
    preset: config.preset,
    control: config.control,
    textWidth: config.textWidth,
    codebook: { ...preset.codebook, ...given(codebook) },
    decouple: part(preset.decouple, decouple),
    align: { ...preset.align, ...given(align) },
    contradiction: part(preset.contradiction, contradiction),
    lora: part(preset.lora, lora),
    semantic: { ...preset.semantic, ...given(semantic) },
  };
  refuseIdleKeys(config, settings, preset);
  return settings;
}

/** Only the keys that have a value. */
function given<T extends object>(values: T | undefined): Partial<T> {
  return Object.fromEntries(
    Object.entries(values ?? {}).filter(([, value]) => value !== undefined),
  ) as Partial<T>;
}

function part<T extends object>(preset: T, value: Partial<T> | boolean | undefined): T | undefined {
  if (value === false) return undefined;
  return { ...preset, ...(typeof value === 'object' ? (given(value) as Partial<T>) : {}) };
}
