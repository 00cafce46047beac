import { type DifferentiableDecoder, type FusionContext, type LoraWeights, UsageError } from '@coco-rec/core';
import { ItemText } from '../item-text.js';
import { requireDecoder } from '../require-decoder.js';
import { ItemTextSide } from '../text-item-vectors.js';
import { TitleMeans } from '../user-vectors.js';
import { Align } from './align.js';
import { Codebook } from './codebook.js';
import { Decouple } from './decouple.js';
import { readsTextVectors } from './idle-keys.js';
import { type CoCoSettings, defaultHeads } from './presets.js';
import { promptTextCount, promptTexts } from './prompt-texts.js';
import { promptTokens } from './prompts.js';
import { Semantic } from './semantic.js';
import { type TitleInput, TitleTokens, TitleVectors } from './title-input.js';
import { UserText } from './user-text.js';

/** What CoCo is made of. */
export interface CoCoParts {
  readonly decoder: DifferentiableDecoder;
  readonly text: ItemText;
  readonly titles: TitleInput;
  /** Undefined: the fixed prompt `promptIds` for everyone. */
  readonly codebook?: Codebook;
  readonly promptIds?: Int32Array;
  readonly decouple: Decouple;
  readonly align: Align;
  readonly lora?: LoraWeights;
  readonly semantic?: Semantic;
  readonly itemSide?: ItemTextSide;
  readonly userText?: UserText;
}

/** Encodes the titles and makes the weights. */
export async function buildParts(settings: CoCoSettings, context: FusionContext): Promise<CoCoParts> {
  const { parameters, backbone, knowledge } = context;
  const D = backbone.dimension;
  const align = alignFor(settings, D, context);
  const decoder = requireDecoder('coco', knowledge?.decoder);
  const text = await ItemText.load(context, 'coco', settings.control);
  const H = text.hiddenSize;
  const codebook = settings.soft ? await buildCodebook(settings, context, decoder) : undefined;
  const { weight, temperature } = settings.semantic;
  const features = readsTextVectors(settings) ? await text.features(settings.textWidth) : undefined;
  const semanticScope = parameters.scope('semantic');
  return {
    decoder,
    text,
    titles: buildTitles(settings, context, decoder, text),
    codebook,
    promptIds: codebook ? undefined : promptTokens(decoder, settings.promptText),
    decouple: new Decouple(parameters.scope('decouple'), H, D, settings.decouple),
    align: new Align(parameters.scope('align'), D, align),
    lora: settings.lora && decoder.createLora(parameters.scope('lora'), settings.lora),
    semantic:
      features && weight > 0 ? new Semantic(semanticScope, D, text, features, temperature) : undefined,
    itemSide:
      features && settings.itemText ? new ItemTextSide(parameters.scope('itemText'), features, D) : undefined,
    userText:
      features && settings.userText
        ? new UserText(parameters.scope('userText'), new TitleMeans(text, features), D)
        : undefined,
  };
}

/**
 * The preset's number of heads is lowered to one that divides D, and the user told.
 * @throws UsageError for another number, which only the user can have set
 */
function alignFor({ align }: CoCoSettings, D: number, { progress }: FusionContext): CoCoSettings['align'] {
  const { heads } = align;
  const fitting = divisor(D, heads);
  if (fitting === heads) return align;
  if (heads !== defaultHeads) {
    throw new UsageError(
      `"fusion.align.heads" is ${heads}, which does not divide the backbone's dimension ${D}; take ${fitting}, or ` +
        'another that does.',
    );
  }
  progress.log(`CoCo: "align.heads" is ${fitting}, not ${heads}, which does not divide the dimension ${D}.`);
  return { ...align, heads: fitting };
}

/** The largest divisor of `dimension` that is at most `heads`. */
function divisor(dimension: number, heads: number): number {
  let best = Math.min(heads, dimension);
  while (dimension % best !== 0) best--;
  return best;
}

function buildTitles(
  settings: CoCoSettings,
  { dataset, parameters }: FusionContext,
  decoder: DifferentiableDecoder,
  text: ItemText,
): TitleInput {
  if (settings.granularity === 'title') return new TitleVectors(parameters, text, decoder.embeddingNorm);
  const titles = Array.from(text.titleOf, (item, i) =>
    text.hasText[i] === 1 ? (dataset.texts?.get(item) ?? '') : '',
  );
  return new TitleTokens(decoder, titles, settings.maxTitleTokens);
}

async function buildCodebook(
  { codebook }: CoCoSettings,
  { parameters, backbone, knowledge }: FusionContext,
  decoder: DifferentiableDecoder,
): Promise<Codebook> {
  const H = decoder.hiddenSize;
  const first = codebook.init === 'prompts' ? await encodedPrompts(codebook.size, knowledge) : undefined;
  const shape = { dimension: backbone.dimension, hiddenSize: H, norm: decoder.embeddingNorm, first };
  return new Codebook(parameters.scope('codebook'), codebook, shape);
}

/** The paper's start: encoded texts of structured prompts, centred. @returns [K·H] */
async function encodedPrompts(size: number, knowledge: FusionContext['knowledge']): Promise<Float32Array> {
  if (size > promptTextCount) {
    throw new UsageError(
      `"fusion.codebook.size" is ${size}, and there are ${promptTextCount} texts for "init: prompts"; ` +
        'take fewer, or "init: queries".',
    );
  }
  const vectors = (await knowledge?.encode?.(promptTexts(size))) ?? new Float32Array();
  const H = vectors.length / size;
  const mean = new Float64Array(H);
  for (let i = 0; i < vectors.length; i++) mean[i % H] += vectors[i] / size;
  return vectors.map((value, i) => value - mean[i % H]);
}
