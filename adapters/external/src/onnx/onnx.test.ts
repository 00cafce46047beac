import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { CocoError, leaveOneOut } from '@coco-rec/core';
import { testDataset } from '@coco-rec/core/testing';
import { OnnxBackbone, OnnxConfig } from './onnx.js';

const folder = mkdtempSync(join(tmpdir(), 'coco-onnx-'));
const dataset = testDataset();
const progress = { report: () => undefined, log: () => undefined } as const;

function write(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const ids = Array.from({ length: dataset.itemCount }, (_, i) => `item${i + 1}`);
const vocabulary = write('vocabulary.csv', `id,number\n${ids.map((id, i) => `${id},${i + 1}\n`).join('')}`);
const items = write('items.csv', `id,x,y\n${ids.map((id, i) => `${id},${i},1\n`).join('')}`);

/** A field of a protocol-buffers message. */
function field(number: number, value: number | string | Uint8Array): Buffer {
  const varint = (left: number): number[] =>
    left < 128 ? [left] : [(left % 128) + 128, ...varint(Math.floor(left / 128))];
  if (typeof value === 'number') return Buffer.from([...varint(number * 8), ...varint(value)]);
  const content = Buffer.from(value as Uint8Array);
  return Buffer.concat([Buffer.from([...varint(number * 8 + 2), ...varint(content.length)]), content]);
}

const message = (...fields: Buffer[]): Buffer => Buffer.concat(fields);

const elementTypes = { float32: 1, int64: 7, float16: 10, float64: 11 } as const;
type ElementType = keyof typeof elementTypes;

function port(name: string, type: ElementType, ...shape: string[]): Buffer {
  const dimensions = message(...shape.map((dimension) => field(1, field(2, dimension))));
  const tensor = message(field(1, elementTypes[type]), field(2, dimensions));
  return message(field(1, name), field(2, field(1, tensor)));
}

interface ModelOptions {
  readonly rows?: number;
  readonly inputType?: ElementType;
  readonly outputType?: ElementType;
  readonly isOutside?: boolean;
}

/** A model whose states are rows of a table [rows, 2], cast to a type. */
function model(name: string, options: ModelOptions = {}): string {
  const { rows = dataset.itemCount + 1, isOutside = false } = options;
  const { inputType = 'int64', outputType = 'float32' } = options;
  const numbers = Float32Array.from({ length: rows * 2 }, (_, i) => i / 4);
  const place = message(field(1, 'location'), field(2, `${name}.data`));
  const table = message(
    field(1, rows),
    field(1, 2),
    field(2, elementTypes.float32),
    field(8, 'table'),
    ...(isOutside ? [field(13, place), field(14, 1)] : [field(9, new Uint8Array(numbers.buffer))]),
  );
  const cast = (from: string, to: string, type: ElementType): Buffer => {
    const attribute = message(field(1, 'to'), field(3, elementTypes[type]), field(20, 2));
    return message(field(1, from), field(2, to), field(4, 'Cast'), field(5, attribute));
  };
  const graph = message(
    field(1, cast('items', 'numbers', 'int64')),
    field(1, message(field(1, 'table'), field(1, 'numbers'), field(2, 'rows'), field(4, 'Gather'))),
    field(1, cast('rows', 'states', outputType)),
    field(2, 'graph'),
    field(5, table),
    field(11, port('items', inputType, 'batch', 'length')),
    field(12, port('states', outputType, 'batch', 'length', 'width')),
  );
  return write(name, message(field(1, 8), field(8, field(2, 17)), field(7, graph)));
}

async function open(keys: object): Promise<OnnxBackbone> {
  const backbone = new OnnxBackbone(Object.assign(new OnnxConfig(), { vocabulary }, keys));
  await backbone.open({ ...leaveOneOut(dataset), progress });
  backbone.dispose();
  return backbone;
}

const refuses = (keys: object, ...words: RegExp[]): Promise<void> =>
  assert.rejects(open(keys), (error: unknown) => {
    assert.ok(error instanceof CocoError, String(error));
    for (const word of words) assert.match(error.message, word);
    return true;
  });

describe('onnx', () => {
  before(() => tf.setBackend('cpu'));
  after(() => rmSync(folder, { recursive: true, force: true }));

  for (const outputType of ['float32', 'float64'] as const) {
    it(`takes states of the type ${outputType}`, () =>
      open({ model: model(`${outputType}.onnx`, { outputType }), itemTable: 'table' }));
  }

  it('names the type of states that it does not take', () =>
    refuses(
      { model: model('int64.onnx', { outputType: 'int64' }), itemTable: 'table' },
      /its output "states" holds numbers of the type int64; .* float32 or float64/,
    ));

  for (const keys of [{ itemTable: 'table' }, { items }]) {
    it(`says how to export weights that are beside the model, with ${Object.keys(keys).join()}`, () =>
      refuses(
        { model: model('outside.onnx', { isOutside: true }), ...keys },
        /outside\.onnx keeps weights, such as "table", in a file beside it; .*external_data=False\)\.$/,
      ));
  }

  it('tells item numbers that are too large from histories that are too long', () =>
    refuses(
      { model: model('few.onnx', { rows: 20 }), items },
      /few\.onnx failed on a history of length 1 /,
      /takes the item number 1, but not 30, the largest in .*vocabulary\.csv/,
      /^(?!.*maxLength)/,
    ));

  it('rounds no item number for an input of the type float32', () =>
    refuses(
      {
        model: model('rounding.onnx', { inputType: 'float32' }),
        vocabulary: write('large.csv', 'id,number\nitem1,1\nitem2,16777217\n'),
        items,
      },
      /its input "items" is float32, which cannot hold the item number 16777217; export it with int64/,
    ));

  it('warns of an item with the number of padding', async () => {
    const backbone = await open({ model: model('padded.onnx'), itemTable: 'table', paddingNumber: 3 });
    assert.match(backbone.report().warnings.join(), /gives "item3" the number of padding, 3/);
  });
});
