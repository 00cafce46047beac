import {
  type AdapterContext,
  type BackboneDescriptor,
  type Dataset,
  type FusionDescriptor,
  type FusionNeeds,
  FusedRanker,
  type ItemTextVectors,
  type KnowledgeLLM,
  Parameters,
  Random,
  type Ranker,
  type RankerDescriptor,
  type Registry,
  type RunConfig,
  SequenceModel,
  type Split,
  StoredTextWriter,
  type StoredTextWriterOptions,
  type TextWriter,
  type UnitSetting,
  UsageError,
  checkKnowledge,
  checkNeeds,
  createLoss,
  demandAsDescribed,
  demandData,
  encodeItemTexts,
  readConfig,
  tryOut,
} from '@coco-rec/core';
import { startEngine } from '@coco-rec/engine';
import { describeFiles } from './external-files.js';
import { splitData } from './split-data.js';

/** A unit's id and its other keys. */
export function splitSetting(setting: UnitSetting): { id: string; keys: Record<string, unknown> } {
  if (typeof setting === 'string') return { id: setting, keys: {} };
  const { id, ...keys } = setting;
  return { id, keys };
}

/** The units of a config, found, with checked configs. */
export interface CheckedUnits {
  readonly backbone: BackboneDescriptor;
  readonly backboneConfig: object;
  /** The backbone itself reads vectors of the items' texts. */
  readonly readsTexts: boolean;
  readonly fusion: FusionDescriptor;
  readonly fusionConfig: object;
  readonly needs: FusionNeeds;
}

/** What several runs over the same data share: engine, data set, language models. Made once, freed by `dispose`. */
export class Session {
  private readonly models = new Map<string, KnowledgeLLM>();

  private constructor(
    readonly registry: Registry,
    readonly context: AdapterContext,
    readonly split: Split,
    readonly engine: string,
  ) {}

  static async open(config: RunConfig, registry: Registry, context: AdapterContext): Promise<Session> {
    for (const [name, { id = name }] of Object.entries(config.fusions ?? {}))
      registry.get('fusion', String(id));
    if (config.writer) registry.get('knowledge', splitSetting(config.writer).id);
    const engine = await startEngine(config.engine);
    const dataset = await loadDataset(config, registry, context);
    return new Session(
      registry,
      context,
      splitData(dataset, config.evaluate),
      `${engine.id} (${engine.detail})`,
    );
  }

  /** @throws UsageError if the config's units are unknown, have wrong keys or do not fit each other. */
  check(config: RunConfig): CheckedUnits | RankerDescriptor {
    const { id, keys } = splitSetting(config.backbone);
    const fusion = splitSetting(config.fusion);
    const plain = this.registry.find('ranker', id);
    if (plain) {
      if (fusion.id === 'none') return plain;
      throw new UsageError(
        `"${id}" has no states to fuse: fusion "${fusion.id}" needs a backbone such as sasrec.`,
      );
    }
    const backbone = this.registry.get('backbone', id);
    const fusionDescriptor = this.registry.get('fusion', fusion.id, Object.keys(config.fusions ?? {}));
    const fusionConfig = readConfig(fusionDescriptor.config, fusion.keys, 'fusion');
    const needs = fusionDescriptor.needs(fusionConfig);
    const knowledge = config.knowledge && splitSetting(config.knowledge).id;
    const writer = config.writer && splitSetting(config.writer).id;
    checkNeeds({ fusion: fusionDescriptor, needs, backbone, knowledge, writer }, this.registry);
    const backboneConfig = readConfig(backbone.config, keys, 'backbone');
    const readsTexts = backbone.readsTexts?.(backboneConfig) ?? false;
    if (readsTexts) checkKnowledge(askerOf(backbone), { encode: true }, knowledge, this.registry);
    return { backbone, backboneConfig, readsTexts, fusion: fusionDescriptor, fusionConfig, needs };
  }

  /** Looks at the language models that the checked units of a config read, as far as that takes no time. @throws CocoError */
  checkModels(units: CheckedUnits, config: RunConfig): void {
    const { knowledge, writer } = config;
    const extraKeys = units.fusion.knowledgeKeys?.(units.fusionConfig) ?? {};
    if (knowledge && (units.needs.knowledge || units.readsTexts))
      this.checkModel(knowledge, extraKeys, 'knowledge');
    if (writer && units.needs.knowledge?.generate) this.checkModel(writer, {}, 'writer');
  }

  private checkModel(setting: UnitSetting, extraKeys: object, section: string): void {
    const { id, keys } = splitSetting(setting);
    const descriptor = this.registry.get('knowledge', id);
    descriptor.check?.(readConfig(descriptor.config, { ...keys, ...extraKeys }, section));
  }

  /** Makes the ranker that the config names: backbone + fusion, or a plain ranker. */
  async createRanker(config: RunConfig, seed: number): Promise<Ranker> {
    const units = this.check(config);
    if ('kind' in units) {
      const own = readConfig(units.config, splitSetting(config.backbone).keys, 'backbone');
      return units.create(own, this.split.dataset);
    }
    return this.assemble(units, config, seed);
  }

  private async assemble(parts: CheckedUnits, config: RunConfig, seed: number): Promise<Ranker> {
    const { dataset, trainLengths } = this.split;
    const random = new Random(seed);
    const parameters = new Parameters(random.derive('parameters'));
    const backbone = parts.backbone.create(parts.backboneConfig);
    demandAsDescribed(backbone, parts.backbone);
    const loss = createLoss(config.train.loss, { dataset, trainLengths, random: random.derive('loss') });
    const { progress, signal } = this.context;
    demandData(backbone, dataset); // before texts are read for minutes
    await backbone.open({ ...this.split, progress, signal });
    backbone.initialize({
      itemCount: dataset.itemCount,
      parameters: parameters.scope('backbone'),
      loss,
      dataset,
      texts: await this.textsOf(parts, config),
    });
    await tryOut(backbone, dataset.itemCount);
    const fusion = parts.fusion.create(parts.fusionConfig);
    const writing = await this.writingOf(parts, config);
    const knowledge = await this.knowledgeOf(parts, config);
    await knowledge?.learnHiddenSize?.();
    await fusion.initialize({
      dataset,
      trainLengths,
      backbone,
      knowledge,
      writer: writing && this.writer(writing, { freeOnly: true, retryStored: false }),
      parameters: parameters.scope('fusion'),
      random: random.derive('fusion'),
      progress,
    });
    const files = await describeFiles(backbone.externalFiles());
    return new FusedRanker(new SequenceModel(backbone, fusion, parameters), config.train, files);
  }

  /** By the language model as it is, whatever a fusion's control makes of it. */
  private async textsOf(
    { backbone, readsTexts }: CheckedUnits,
    { knowledge: setting }: RunConfig,
  ): Promise<ItemTextVectors | undefined> {
    if (!readsTexts || !setting) return undefined;
    const encoder = { knowledge: await this.knowledge(setting, {}), progress: this.context.progress };
    return encodeItemTexts(this.split.dataset, encoder, askerOf(backbone));
  }

  /** Has texts written into the store. Training does so for free only, and takes what failed before as failed. */
  writer(
    knowledge: KnowledgeLLM,
    options: Pick<StoredTextWriterOptions, 'freeOnly' | 'retryStored'> = {},
  ): TextWriter | undefined {
    const { texts: store, hasher, progress, signal } = this.context;
    if (!store || !knowledge.generate) return undefined;
    return new StoredTextWriter({ knowledge, store, hasher, progress, signal, ...options });
  }

  /** The language model that the checked units of a config read; undefined where they read none. */
  knowledgeOf(units: CheckedUnits, config: RunConfig): Promise<KnowledgeLLM | undefined> {
    const extraKeys = units.fusion.knowledgeKeys?.(units.fusionConfig) ?? {};
    const wanted = units.needs.knowledge && config.knowledge;
    return wanted ? this.knowledge(wanted, extraKeys) : Promise.resolve(undefined);
  }

  /** The language model that writes texts for the checked units of a config; undefined where they read none. */
  async writingOf(units: CheckedUnits, config: RunConfig): Promise<KnowledgeLLM | undefined> {
    if (!units.needs.knowledge?.generate) return undefined;
    return config.writer ? this.knowledge(config.writer, {}, 'writer') : this.knowledgeOf(units, config);
  }

  /** The language model of a setting; loaded once. */
  private async knowledge(
    setting: UnitSetting,
    extraKeys: object,
    section = 'knowledge',
  ): Promise<KnowledgeLLM> {
    const { id, keys } = splitSetting(setting);
    const all = { ...keys, ...extraKeys };
    const cacheKey = JSON.stringify([id, all]);
    let model = this.models.get(cacheKey);
    if (!model) {
      const descriptor = this.registry.get('knowledge', id);
      model = await descriptor.create(readConfig(descriptor.config, all, section), this.context);
      this.models.set(cacheKey, model);
    }
    return model;
  }

  dispose(): void {
    for (const model of this.models.values()) model.dispose();
    this.models.clear();
  }
}

const askerOf = ({ id }: BackboneDescriptor): string => `Backbone "${id}" with these keys`;

/** Reads the data that the section `data` names. */
export async function loadDataset(
  config: RunConfig,
  registry: Registry,
  context: AdapterContext,
): Promise<Dataset> {
  const { format, ...keys } = config.data;
  if (typeof format !== 'string') {
    const known = registry.list('data').map(({ id }) => id);
    throw new UsageError(`"data.format" is missing. Known formats: ${known.join(', ')}.`);
  }
  const importer = registry.get('data', format);
  return importer.load(readConfig(importer.config, keys, 'data'), context);
}
