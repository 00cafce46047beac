/** ONNX files as an export writes them, with the fields of onnx.proto by hand. */

type Content = string | Uint8Array;

const varint = (left: number): number[] =>
  left < 128 ? [left] : [(left % 128) + 128, ...varint(Math.floor(left / 128))];

/** A field of a protocol-buffers message. */
function field(number: number, value: number | Content): Buffer {
  if (typeof value === 'number') return Buffer.from([...varint(number * 8), ...varint(value)]);
  const content = Buffer.from(value as Uint8Array);
  return Buffer.concat([Buffer.from([...varint(number * 8 + 2), ...varint(content.length)]), content]);
}

const message = (...fields: Buffer[]): Buffer => Buffer.concat(fields);

const [float32, int64] = [1, 7];

/** A size is a number, or a name where it is free. */
type Size = number | string;

function port(name: string, type: number, ...shape: Size[]): Buffer {
  const sizes = shape.map((size) => field(1, field(typeof size === 'number' ? 1 : 2, size)));
  const tensor = message(field(1, type), field(2, message(...sizes)));
  return message(field(1, name), field(2, field(1, tensor)));
}

export interface SumGraph {
  /** [R][D] the vector of each item number. */
  readonly rows: readonly (readonly number[])[];
  /** Histories of each run. Default: any number. */
  readonly batch?: Size;
  /** Items of each history. Default: any number. */
  readonly length?: Size;
}

/**
 * A model with the inputs `items` and `mask` whose state is the sum of the vectors of all items that the mask leaves: it
 * tells what was put in, padding that the mask does not cover too.
 */
export function sumGraph({ rows, batch = 'batch', length = 'length' }: SumGraph): Buffer {
  const width = rows[0].length;
  const values = Float32Array.from(rows.flat());
  const table = message(
    field(1, rows.length),
    field(1, width),
    field(2, float32),
    field(8, 'table'),
    field(9, new Uint8Array(values.buffer)),
  );
  const equation = message(field(1, 'equation'), field(4, 'btd,bt->bd'), field(20, 3));
  const gather = message(field(1, 'table'), field(1, 'items'), field(2, 'vectors'), field(4, 'Gather'));
  const sum = message(
    field(1, 'vectors'),
    field(1, 'mask'),
    field(2, 'state'),
    field(4, 'Einsum'),
    field(5, equation),
  );
  const graph = message(
    field(1, gather),
    field(1, sum),
    field(2, 'graph'),
    field(5, table),
    field(11, port('items', int64, batch, length)),
    field(11, port('mask', float32, batch, length)),
    field(12, port('state', float32, batch, width)),
  );
  return message(field(1, 8), field(8, field(2, 17)), field(7, graph));
}
