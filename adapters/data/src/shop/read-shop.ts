import { CocoError, readConfig } from '@coco-rec/core';
import { readLines } from '../lines.js';
import { type ShopItem, rawId } from './catalogue.js';
import { ShopConfig, type Simulation, simulationKeys, simulationOf } from './config.js';
import { type Shop, modelOf } from './simulate.js';
import { type FacetName, type FacetValue, facetNames, facetValues } from './vocabulary.js';
import { shopFormat, shopVersion } from './write-shop.js';

/** Reads a file of `writeShop`. @throws CocoError naming the line that is wrong or missing */
export async function readShop(path: string): Promise<Shop> {
  let reader: ShopReader | undefined;
  let line = 0;
  for await (const block of readLines(path)) {
    for (const [i, text] of block.lines.entries()) {
      line = block.first + i;
      const place = `${path}, line ${line}`;
      const values = parseLine(text, place);
      if (reader) reader.read(values, place);
      else reader = new ShopReader(readHeader(values, place));
    }
  }
  if (!reader?.isComplete) {
    throw new CocoError(
      `${path} ends after line ${line}: expected ${reader?.expectedLines ?? 'more'} lines; it is cut.`,
    );
  }
  return reader.shop();
}

type Values = Readonly<Record<string, unknown>>;

function parseLine(text: string, place: string): Values {
  try {
    const values: unknown = JSON.parse(text);
    if (values !== null && typeof values === 'object' && !Array.isArray(values)) return values as Values;
  } catch {
    // Told below, like any other line that is no object.
  }
  throw new CocoError(
    `${place}: not a JSON object: ${JSON.stringify(text.slice(0, 60))}. Is the file cut or changed?`,
  );
}

function readHeader({ format, version, config }: Values, place: string): Simulation {
  if (format !== shopFormat) {
    throw new CocoError(`${place}: not a shop file; the first line of one begins {"format":"${shopFormat}".`);
  }
  if (version !== shopVersion) {
    throw new CocoError(
      `${place}: the shop file has version ${JSON.stringify(version)}; this program reads version ${shopVersion}. ` +
        'Write it anew with `coco data simulate`.',
    );
  }
  const given = config as Partial<Simulation>;
  const missing = simulationKeys.find((key) => typeof given?.[key] !== 'number');
  if (missing) throw new CocoError(`${place}: the header's config has no number "${missing}".`);
  try {
    return simulationOf(readConfig(ShopConfig, given, 'config'));
  } catch (error) {
    throw new CocoError(`${place}: ${(error as Error).message}`, { cause: error });
  }
}

/** Takes the lines after the header one by one. */
class ShopReader {
  private readonly catalogue: ShopItem[] = [];
  private readonly itemIndex = new Map<string, number>();
  private readonly offsets: Int32Array;
  private readonly sequence: number[] = [];
  private users = 0;

  constructor(private readonly simulation: Simulation) {
    this.offsets = new Int32Array(simulation.users + 1);
  }

  get isComplete(): boolean {
    return this.catalogue.length === this.simulation.items && this.users === this.simulation.users;
  }

  get expectedLines(): number {
    return 1 + this.simulation.items + this.simulation.users;
  }

  read(values: Values, place: string): void {
    if (this.catalogue.length < this.simulation.items) this.readItem(values, place);
    else if (this.users < this.simulation.users) this.readUser(values, place);
    else throw new CocoError(`${place}: one line too many; the header promises ${this.expectedLines} lines.`);
  }

  shop(): Shop {
    const { simulation, catalogue, offsets } = this;
    const histories = { offsets, sequence: Int32Array.from(this.sequence) };
    return { simulation, catalogue, histories, model: modelOf(simulation, catalogue) };
  }

  private readItem({ item, rank, title, description, facets }: Values, place: string): void {
    const id = rawId('i', this.catalogue.length + 1, this.simulation.items);
    if (item !== id)
      throw new CocoError(`${place}: expected item "${id}", found ${JSON.stringify(item) ?? 'none'}.`);
    if (typeof title !== 'string' || typeof description !== 'string') {
      throw new CocoError(`${place}: item "${id}" has no title or no description.`);
    }
    if (!Number.isInteger(rank) || Number(rank) < 1 || Number(rank) > this.simulation.items) {
      throw new CocoError(`${place}: item "${id}" has no rank from 1 to ${this.simulation.items}.`);
    }
    const own = Object.fromEntries(
      facetNames.map((facet) => [facet, findValue(facet, (facets as Values | undefined)?.[facet], place)]),
    ) as Record<FacetName, FacetValue>;
    this.catalogue.push({ id, rank: Number(rank), title, description, facets: own });
    this.itemIndex.set(id, this.catalogue.length);
  }

  private readUser({ user, items }: Values, place: string): void {
    const id = rawId('u', this.users + 1, this.simulation.users);
    if (user !== id)
      throw new CocoError(`${place}: expected user "${id}", found ${JSON.stringify(user) ?? 'none'}.`);
    if (!Array.isArray(items) || items.length === 0)
      throw new CocoError(`${place}: user "${id}" has no items.`);
    for (const item of items) {
      const index = this.itemIndex.get(String(item));
      if (index === undefined)
        throw new CocoError(`${place}: there is no item ${JSON.stringify(item)} in this shop.`);
      this.sequence.push(index);
    }
    this.offsets[++this.users] = this.sequence.length;
  }
}

function findValue(facet: FacetName, name: unknown, place: string): FacetValue {
  const found = facetValues(facet).find((value) => value.name === name);
  if (found) return found;
  throw new CocoError(
    `${place}: there is no ${facet} called ${JSON.stringify(name) ?? 'nothing'} in the vocabulary.`,
  );
}
