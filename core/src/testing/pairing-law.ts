import { checkNeeds } from '../check-needs.js';
import { UsageError } from '../errors.js';
import { Registry } from '../registry.js';
import type { FusionNeeds, KnowledgeCapabilities } from '../specification/capabilities.js';
import type {
  BackboneDescriptor,
  FusionDescriptor,
  KnowledgeDescriptor,
} from '../specification/descriptor.js';
import { type Law, demand } from './check.js';

class NoKeys {}

/** Only looked at, never made. */
function model(id: string, capabilities: KnowledgeCapabilities): KnowledgeDescriptor {
  return {
    kind: 'knowledge',
    id,
    specVersion: 'v1',
    summary: 'A language model of the pairing law.',
    config: NoKeys,
    capabilities,
    create: () => Promise.reject(new UsageError(`The language model "${id}" of the pairing law cannot run.`)),
  };
}

/** Partners without what the fusion needs are refused by a sentence that names what lacks and what would do. */
export function pairingLaw(fusion: FusionDescriptor, needs: FusionNeeds, backbone: BackboneDescriptor): Law {
  return {
    name: 'a partner that does not fit is refused with what would do',
    run: async () => {
      refusesBackbones(fusion, needs, backbone);
      if (needs.knowledge) refusesModels(fusion, needs, backbone);
    },
  };
}

const able: KnowledgeCapabilities = { encode: true, generate: true, differentiable: true, tune: true };
const fitting = model('fitting-model', able);

function refusesBackbones(fusion: FusionDescriptor, needs: FusionNeeds, backbone: BackboneDescriptor): void {
  for (const [name, value] of Object.entries(needs.backbone)) {
    const id = 'unfit-backbone';
    const unfit = { ...backbone, id, capabilities: { ...backbone.capabilities, [name]: !value } };
    const registry = new Registry([fusion, backbone, unfit, fitting]);
    demandRefusal(
      () => checkNeeds({ fusion, needs, backbone: unfit, knowledge: fitting.id }, registry),
      [fusion.id, name, id, `These would do: ${backbone.id}.`],
    );
  }
  const registry = new Registry([fusion, backbone, fitting]);
  checkNeeds({ fusion, needs, backbone, knowledge: fitting.id }, registry);
}

function refusesModels(fusion: FusionDescriptor, needs: FusionNeeds, backbone: BackboneDescriptor): void {
  const would = `These would do: ${fitting.id}.`;
  for (const [name, value] of Object.entries(needs.knowledge ?? {})) {
    const unfit = model('unfit-model', { ...able, [name]: !value });
    const registry = new Registry([fusion, backbone, fitting, unfit]);
    const pairing = { fusion, needs, backbone };
    demandRefusal(
      () => checkNeeds({ ...pairing, knowledge: unfit.id }, registry),
      [fusion.id, name, unfit.id, would],
    );
    demandRefusal(() => checkNeeds(pairing, registry), [fusion.id, 'knowledge', would]);
    // A second model that writes has to be able to, and only to.
    const writes = name === 'generate' || name === 'tune';
    const [knowledge, writer] = writes ? [fitting.id, unfit.id] : [unfit.id, fitting.id];
    demandRefusal(
      () => checkNeeds({ ...pairing, knowledge, writer }, registry),
      [fusion.id, name, unfit.id, would],
    );
    checkNeeds({ ...pairing, knowledge: writer, writer: knowledge }, registry);
  }
}

function demandRefusal(run: () => void, words: readonly string[]): void {
  let refusal: unknown;
  try {
    run();
  } catch (error) {
    refusal = error;
  }
  demand(refusal instanceof UsageError, 'A pairing that cannot work was not refused.');
  const { message } = refusal;
  for (const word of words) demand(message.includes(word), `The refusal "${message}" lacks "${word}".`);
}
