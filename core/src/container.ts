import 'reflect-metadata';
import { Container, ContainerModule } from 'inversify';
import { Registry } from './registry.js';
import type {
  FileStore,
  Hasher,
  KnowledgeStore,
  Progress,
  SpendLedger,
  TextStore,
} from './specification/ports.js';
import type { UnitDescriptor, UnitKind } from './specification/descriptor.js';

/** Names under which the container holds things. Units are bound to their kind, named by id. */
export const tokens = {
  registry: Symbol.for('coco.Registry'),
  files: Symbol.for('coco.FileStore'),
  hasher: Symbol.for('coco.Hasher'),
  progress: Symbol.for('coco.Progress'),
  knowledgeStore: Symbol.for('coco.KnowledgeStore'),
  textStore: Symbol.for('coco.TextStore'),
  tunings: Symbol.for('coco.Tunings'),
  spendLedger: Symbol.for('coco.SpendLedger'),
  unit: (kind: UnitKind): symbol => Symbol.for(`coco.unit.${kind}`),
} as const;

/** The outside world, as the composition root supplies it. */
export interface Ports {
  readonly files: FileStore;
  readonly hasher: Hasher;
  readonly progress: Progress;
  readonly knowledgeStore?: KnowledgeStore;
  readonly textStore?: TextStore;
  /** LoRA weights of tuned language models. */
  readonly tunings?: FileStore;
  readonly spendLedger?: SpendLedger;
}

/** The composition root: units and ports in one container. Only experts need it; others call `createRecommender`. */
export function createContainer(units: readonly UnitDescriptor[], ports: Ports): Container {
  const container = new Container({ defaultScope: 'Singleton' });
  container.load(
    new ContainerModule(({ bind }) => {
      bind(tokens.registry).toConstantValue(new Registry(units));
      for (const unit of units) bind(tokens.unit(unit.kind)).toConstantValue(unit).whenNamed(unit.id);
      bind(tokens.files).toConstantValue(ports.files);
      bind(tokens.hasher).toConstantValue(ports.hasher);
      bind(tokens.progress).toConstantValue(ports.progress);
      if (ports.knowledgeStore) bind(tokens.knowledgeStore).toConstantValue(ports.knowledgeStore);
      if (ports.textStore) bind(tokens.textStore).toConstantValue(ports.textStore);
      if (ports.tunings) bind(tokens.tunings).toConstantValue(ports.tunings);
      if (ports.spendLedger) bind(tokens.spendLedger).toConstantValue(ports.spendLedger);
    }),
  );
  return container;
}
