import { CocoError, UsageError, nearestName } from './errors.js';
import type { UnitDescriptor, UnitKind } from './specification/descriptor.js';

const supportedVersions = ['v1'];

const kinds = ['backbone', 'ranker', 'fusion', 'knowledge', 'data', 'engine'];

/** @throws CocoError where a program without types gives something else */
function demandDescriptor(unit: unknown): void {
  const { kind, id, config } = (unit ?? {}) as Partial<Record<string, unknown>>;
  const wrong =
    (typeof unit !== 'object' && 'it is no object (a class is made by its descriptor\'s "create")') ||
    (!kinds.includes(kind as string) && `its "kind" is ${String(kind)}, not one of ${kinds.join(', ')}`) ||
    (typeof id !== 'string' && `its "id" is ${String(id)}`) ||
    (typeof config !== 'function' && 'its "config" is no class');
  if (wrong) throw new CocoError(`A unit is no descriptor: ${wrong}.`);
}

/** All units by kind and id. What is registered here is what the command line, the tests and the docs know. */
export class Registry {
  private readonly units = new Map<string, UnitDescriptor>();

  /** @throws CocoError on a duplicate or malformed id or a wrong `specVersion`. */
  constructor(units: readonly UnitDescriptor[]) {
    for (const unit of units) this.add(unit);
  }

  private add(unit: UnitDescriptor): void {
    demandDescriptor(unit);
    const { kind, id, specVersion } = unit;
    if (!/^[a-z0-9][a-z0-9-]*$/.test(id)) {
      throw new CocoError(`The ${kind} id "${id}" must be made of lower-case letters, digits and hyphens.`);
    }
    if (!supportedVersions.includes(specVersion)) {
      throw new CocoError(
        `The ${kind} "${id}" is written for version "${specVersion}" of the interfaces; this is ${supportedVersions.join(', ')}.`,
      );
    }
    if (this.units.has(`${kind} ${id}`))
      throw new CocoError(`There are two units of kind ${kind} with the id "${id}".`);
    this.units.set(`${kind} ${id}`, unit);
  }

  /**
   * @param ownNames what else the user's config calls such units, for the message
   * @throws UsageError listing the known ids
   */
  get<Kind extends UnitKind>(
    kind: Kind,
    id: string,
    ownNames: readonly string[] = [],
  ): Extract<UnitDescriptor, { kind: Kind }> {
    const unit = this.find(kind, id);
    if (unit) return unit;
    const known = [...new Set([...this.list(kind).map((other) => other.id), ...ownNames])];
    const near = nearestName(id, known);
    const hint = near ? ` Did you mean "${near}"?` : '';
    throw new UsageError(
      `There is no ${kind} called "${id}".${hint} Known: ${known.join(', ') || 'none'}. One of your own is known to a program ` +
        'that gives its descriptor in "units" (createRecommender, loadRecommender, compare).',
    );
  }

  /** @returns the unit, or undefined. */
  find<Kind extends UnitKind>(kind: Kind, id: string): Extract<UnitDescriptor, { kind: Kind }> | undefined {
    return this.units.get(`${kind} ${id}`) as Extract<UnitDescriptor, { kind: Kind }> | undefined;
  }

  /** All units, or those of one kind, in order of registration. */
  list<Kind extends UnitKind>(kind?: Kind): Extract<UnitDescriptor, { kind: Kind }>[] {
    const all = [...this.units.values()];
    return all.filter((unit) => !kind || unit.kind === kind) as Extract<UnitDescriptor, { kind: Kind }>[];
  }
}
