import { UsageError } from './errors.js';
import type { Registry } from './registry.js';
import type { FusionNeeds, KnowledgeCapabilities } from './specification/capabilities.js';
import type { BackboneDescriptor, FusionDescriptor } from './specification/descriptor.js';

export interface Pairing {
  readonly fusion: FusionDescriptor;
  readonly needs: FusionNeeds;
  readonly backbone: BackboneDescriptor;
  /** Id of the language model; undefined: none in the config. */
  readonly knowledge?: string;
  /** Id of the language model that writes; undefined: `knowledge` does. */
  readonly writer?: string;
}

/** The names of the needed capabilities that `has` lacks. */
function missing(needs: object, has: object): string[] {
  return Object.entries(needs)
    .filter(([name, value]) => (has as Record<string, unknown>)[name] !== value)
    .map(([name, value]) => (value === true ? name : `${name}: ${String(value)}`));
}

/** @throws UsageError with what is missing and what would do, if they do not fit. */
export function checkNeeds(
  { fusion, needs, backbone, knowledge, writer }: Pairing,
  registry: Registry,
): void {
  const lacks = missing(needs.backbone, backbone.capabilities);
  if (lacks.length > 0) {
    const fitting = registry
      .list('backbone')
      .filter((other) => missing(needs.backbone, other.capabilities).length === 0);
    throw new UsageError(
      `Fusion "${fusion.id}" needs a backbone with ${lacks.join(', ')}; "${backbone.id}" has not. ` +
        `These would do: ${fitting.map(({ id }) => id).join(', ') || 'none'}.`,
    );
  }
  if (!needs.knowledge) return;
  const asker = `Fusion "${fusion.id}"`;
  if (writer === undefined) return checkKnowledge(asker, needs.knowledge, knowledge, registry);
  const { generate, tune, ...reading } = needs.knowledge;
  checkKnowledge(asker, reading, knowledge, registry);
  const writing = { ...(generate && { generate }), ...(tune && { tune }) };
  checkKnowledge(asker, writing, writer, registry, 'a language model in "writer"');
}

/** What a language model can do, where a capability's name is no verb of it. */
const inWords: Readonly<Record<string, string>> = {
  differentiable: 'give gradients (differentiable)',
  tune: 'be tuned (tune)',
};

/**
 * @param asker who needs a language model: `Fusion "text"` @param knowledge its id; undefined: none in the config
 * @param what what it needs, in words
 * @throws UsageError with what is missing and what would do
 */
export function checkKnowledge(
  asker: string,
  needs: Partial<KnowledgeCapabilities>,
  knowledge: string | undefined,
  registry: Registry,
  what = 'a language model',
): void {
  const models = registry
    .list('knowledge')
    .filter((other) => missing(needs, other.capabilities).length === 0);
  const wouldDo = `These would do: ${models.map(({ id }) => id).join(', ') || 'none'}.`;
  if (knowledge === undefined) {
    throw new UsageError(`${asker} needs a language model: add a section "knowledge". ${wouldDo}`);
  }
  const lacksOfModel = missing(needs, registry.get('knowledge', knowledge).capabilities);
  if (lacksOfModel.length > 0) {
    throw new UsageError(
      `${asker} needs ${what} that can ${lacksOfModel.map((lack) => inWords[lack] ?? lack).join(', ')}; "${knowledge}" cannot. ${wouldDo}`,
    );
  }
}
