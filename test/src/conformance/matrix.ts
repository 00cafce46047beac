/** Every backbone and every fusion on every backbone, by the laws of the conformance kit; all from the registry. */
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import {
  type BackboneDescriptor,
  type FusionDescriptor,
  type KnowledgeLLM,
  MemoryTextStore,
  Registry,
  RunConfig,
  UsageError,
  checkNeeds,
  describedKeys,
  readConfig,
} from '@coco-rec/core';
import { type Check, type LazyConfig, backboneChecks, fusionChecks } from '@coco-rec/core/testing';
import { builtInUnits, createContext } from '@coco-rec/standard';
import { startTestEngine, testEngine } from '../support/engine.js';
import { type Fixture, fixtures } from '../support/fixtures.js';
import { temporaryFolder } from '../support/small-run.js';

const registry = new Registry(builtInUnits);
const backbones = registry.list('backbone');
const fusions = registry.list('fusion');

/** Small models make fast checks. */
const small: Readonly<Record<string, unknown>> = { dimension: 16, maxLength: 12 };

/** Settings of backbones whose code the defaults do not reach. */
const backboneVariants: Readonly<Record<string, readonly object[]>> = {
  bert4rec: [{ positionsFrom: 'newest' }],
  bsarec: [{ transform: 'history' }],
  fdsa: [{ features: 'text' }, { features: 'both' }],
  pinnerformer: [{ timeEncoding: true, itemAttributes: true, itemTower: false, userTower: false }],
  sasrec: [{ historyMean: true }],
};

/** And of fusions; asked on the default backbone only, to bound the time. */
const variants: Readonly<Record<string, readonly object[]>> = {
  coco: [
    { preset: 'paper' },
    { preset: 'paper', granularity: 'token' },
    { soft: false },
    { decouple: false },
    { contradiction: false },
    { lora: false },
    { itemText: false, fusedPositions: 1 },
    { control: 'placebo' },
  ],
  text: [{ control: 'placebo' }],
  concat: [{ source: 'generated', itemText: true }],
};

const prompts = (name: string): string =>
  fileURLToPath(new URL(`../../prompts/${name}.liquid`, import.meta.url));
const writing = { answerTokens: 6, shownItems: 3, textWidth: 8 };
const adaptor = { specificExperts: 1, expertHidden: 8, expertWidth: 4 };

const karWriting = { ...writing, templates: { preference: prompts('history'), factual: prompts('item') } };

/** What every check of a fusion that reads generated text sets: short texts are written fast. */
const settings: Readonly<Record<string, object>> = {
  kar: { ...karWriting, ...adaptor },
  r4ec: {
    ...writing,
    ...adaptor,
    templates: {
      'user-thinking': prompts('history'),
      'user-judgement': prompts('answer'),
      'item-thinking': prompts('item'),
      'item-judgement': prompts('answer'),
    },
  },
};

/** One for all backbones: a text is written once. */
const texts = new MemoryTextStore();

/** Laws that a unit cannot obey, with the reason. */
const skips: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  none: {
    'off, it is the bare backbone; on, it is not': 'it changes nothing by definition',
    'only its own weights move when the backbone is frozen': 'it has no weights',
    'each of its weights gets a gradient': 'it has no weights',
  },
};

/** Of the suite that runs. */
let place: ReturnType<typeof temporaryFolder>;
let model: Promise<KnowledgeLLM> | undefined;
/** Made when first asked for, by the id of the backbone. */
const opened = new Map<string, Promise<Fixture>>();

/** The embedded language model, loaded once. */
function knowledge(): Promise<KnowledgeLLM> {
  const tiny = registry.get('knowledge', 'tiny');
  model ??= tiny.create(readConfig(tiny.config, {}, 'knowledge'), createContext(place.folder).context);
  return model;
}

function declare(checks: readonly Check[]): void {
  for (const { name, run, skip } of checks) {
    if (skip === undefined) it(name, run);
    else it(`${name} (skipped: ${skip})`);
  }
}

function smallConfig(backbone: BackboneDescriptor, variant: object = {}): LazyConfig {
  const { id } = backbone;
  if (id in fixtures) {
    return async () => {
      if (!opened.has(id)) opened.set(id, fixtures[id](place.folder));
      return (await opened.get(id))?.config ?? {};
    };
  }
  const keys = describedKeys(backbone.config).map(({ key }) => key);
  return { ...Object.fromEntries(Object.entries(small).filter(([key]) => keys.includes(key))), ...variant };
}

/** Why the three do not fit, in the words of the start of a run; undefined if they do. */
function refusal(fusion: FusionDescriptor, config: object, backbone: BackboneDescriptor): string | undefined {
  const needs = fusion.needs(readConfig(fusion.config, config, 'fusion'));
  try {
    checkNeeds({ fusion, needs, backbone, knowledge: 'tiny' }, registry);
    return undefined;
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
}

function declareFusion(fusion: FusionDescriptor, backbone: BackboneDescriptor, config: object): void {
  const refused = refusal(fusion, config, backbone);
  if (refused !== undefined) {
    it(`${fusion.id} on ${backbone.id} is refused with what would do`, () =>
      assert.match(refused, /These would do: [a-z]/));
    return;
  }
  const backboneConfig = smallConfig(backbone);
  const skip = skips[fusion.id];
  declare(fusionChecks(fusion, backbone, { knowledge, config, backboneConfig, texts, skip }));
}

/** Starts the engine before the laws of a suite and lets go of everything after them. */
function suite(declareAll: () => void): void {
  describe(`conformance on ${testEngine}`, () => {
    before(async () => {
      place = temporaryFolder();
      await startTestEngine();
    });
    after(async () => {
      (await model)?.dispose();
      model = undefined;
      for (const fixture of opened.values()) await (await fixture).close();
      opened.clear();
      place.remove();
    });
    declareAll();
  });
}

/** The laws of every backbone. */
export function declareBackbones(): void {
  suite(() => {
    it('is asked of every unit', () => {
      assert.ok(backbones.length > 0 && fusions.length > 0);
      for (const id of Object.keys({ ...variants, ...skips, ...settings }))
        assert.ok(registry.find('fusion', id), id);
      for (const id of Object.keys(backboneVariants)) assert.ok(registry.find('backbone', id), id);
      for (const id of Object.keys(fixtures)) assert.ok(registry.find('backbone', id), id);
    });
    for (const backbone of backbones) {
      for (const variant of [{}, ...(backboneVariants[backbone.id] ?? [])]) {
        describe(`backbone ${backbone.id} ${JSON.stringify(variant)}`, () =>
          declare(backboneChecks(backbone, { config: smallConfig(backbone, variant), knowledge })));
      }
    }
  });
}

/** The laws of every chosen fusion on every backbone. The choice splits them over processes. */
export function declareFusions(isChosen: (fusion: FusionDescriptor) => boolean): void {
  const isDefault = ({ id }: BackboneDescriptor): boolean => id === new RunConfig().backbone;
  suite(() => {
    for (const backbone of backbones) {
      for (const fusion of fusions.filter(isChosen)) {
        for (const keys of [{}, ...((isDefault(backbone) && variants[fusion.id]) || [])]) {
          const more = 'source' in keys && keys.source === 'generated' ? karWriting : settings[fusion.id];
          const config = { ...more, ...keys };
          describe(`fusion ${fusion.id} ${JSON.stringify(keys)}`, () =>
            declareFusion(fusion, backbone, config));
        }
      }
    }
  });
}
