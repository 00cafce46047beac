/**
 * RecBole atomic files: NAME.inter (user_id:token, item_id:token, timestamp:float) and, if there is one, NAME.item
 * (item_id:token, text columns, attributes:token_seq), tab-separated with one header line that names each column's type.
 */
import { readdir } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { IsArray, IsString } from 'class-validator';
import {
  type AdapterContext,
  CocoError,
  type DataDescriptor,
  type Dataset,
  Describe,
  NamesFile,
  nearestName,
} from '@coco-rec/core';
import { type Position, readBlocks } from './blocks.js';
import { Collector, type InteractionFields } from './collect.js';
import { TabFields } from './fields.js';
import { readLines } from './lines.js';

export class RecBoleConfig {
  @Describe(
    'Folder with NAME.inter and, if there are item texts, NAME.item; also the path of the .inter file.',
  )
  @IsString()
  @NamesFile()
  path!: string;

  @Describe('Columns of NAME.item that make up an item’s text, joined by ". ".')
  @IsArray()
  @IsString({ each: true })
  text: string[] = ['title'];
}

/** Finds NAME in a folder: its own name, or the only .inter file's. */
async function findName(folder: string): Promise<string> {
  const names = await readdir(folder).catch(() => {
    throw new CocoError(`There is no folder ${folder}.`);
  });
  const found = names.filter((name) => /\.inter(\.gz)?$/.test(name));
  const own = found.find((name) => name.startsWith(`${basename(folder)}.inter`));
  if (own) return own;
  if (found.length === 1) return found[0];
  const what = found.length === 0 ? 'no .inter file' : `${found.length} .inter files`;
  throw new CocoError(`${folder} has ${what}; expected ${basename(folder)}.inter.`);
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

interface Header {
  readonly columns: readonly string[];
  readonly place: string;
}

function readHeader(text: string, path: string): Header {
  return { columns: text.split('\t').map((column) => column.split(':')[0].trim()), place: `${path}, line 1` };
}

function columnOf({ columns, place }: Header, name: string): number {
  const at = columns.indexOf(name);
  if (at >= 0) return at;
  const near = nearestName(name, columns);
  throw new CocoError(
    `${place}: there is no column "${name}" (with its type, as in "${name}:token"); found: ${columns.join(', ')}.` +
      (near ? ` Is "${near}" meant?` : ''),
  );
}

interface Columns extends InteractionFields {
  /** How many there are. */
  readonly width: number;
}

function interactionColumns(text: string, path: string): Columns {
  const header = readHeader(text, path);
  return {
    user: columnOf(header, 'user_id'),
    item: columnOf(header, 'item_id'),
    time: header.columns.indexOf('timestamp'),
    width: header.columns.length,
  };
}

async function readInteractions(path: string, collector: Collector): Promise<void> {
  const position: Position = { path, line: 0 };
  const place = (): string => `${path}, line ${position.line}`;
  let at: Columns | undefined;
  let fields = new TabFields(1);
  for await (const bytes of readBlocks(position)) {
    for (let start = 0; start < bytes.length;) {
      const next = fields.find(bytes, start);
      position.line++;
      if (!at) {
        at = interactionColumns(decoder.decode(bytes.subarray(start, next)), path);
        fields = new TabFields(at.width);
      } else if (fields.count > 1 || !fields.isEmpty(0)) {
        if (fields.count < at.width)
          throw new CocoError(`${place()}: ${fields.count} fields, expected ${at.width} (tab-separated).`);
        collector.interactionOf(bytes, fields, at, place);
      }
      start = next;
    }
  }
}

async function readItems(path: string, config: RecBoleConfig, collector: Collector): Promise<void> {
  let at: { item: number; text: number[]; attributes: number } | undefined;
  for await (const { lines } of readLines(path)) {
    for (const line of lines) {
      if (!at) {
        const header = readHeader(line, path);
        const columns = config.text.map((name) => columnOf(header, name));
        at = {
          item: columnOf(header, 'item_id'),
          text: columns,
          attributes: header.columns.indexOf('attributes'),
        };
        continue;
      }
      if (line === '') continue;
      const fields = line.split('\t');
      const parts = at.text.map((column) => fields[column] ?? '').filter((part) => part.trim() !== '');
      const attributes = at.attributes >= 0 ? (fields[at.attributes] ?? '').split(' ').filter(Boolean) : [];
      collector.item(fields[at.item] ?? '', parts.join('. '), attributes);
    }
  }
}

async function load(config: RecBoleConfig, context: AdapterContext): Promise<Dataset> {
  const given = resolve(config.path);
  const isFile = /\.inter(\.gz)?$/.test(given);
  const folder = isFile ? resolve(given, '..') : given;
  const interactions = isFile ? basename(given) : await findName(folder);
  const collector = new Collector(interactions.replace(/\.inter(\.gz)?$/, ''));
  await readInteractions(join(folder, interactions), collector);
  const itemFile = interactions.replace('.inter', '.item');
  const hasItems = (await readdir(folder)).includes(itemFile);
  if (hasItems) await readItems(join(folder, itemFile), config, collector);
  return collector.build(context, hasItems);
}

export const recbole: DataDescriptor<RecBoleConfig> = {
  kind: 'data',
  id: 'recbole',
  specVersion: 'v1',
  summary: 'RecBole atomic files: NAME.inter and NAME.item in a folder.',
  config: RecBoleConfig,
  load,
};
