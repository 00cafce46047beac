import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import type { Chart } from './curves.js';
import { SafeHtml } from './html.js';

/** Colours that can be told apart on light and on dark ground. */
const colours = ['#4e79a7', '#f28e2b', '#59a14f', '#e15759', '#b07aa1', '#2a9d8f', '#9c755f', '#d4a017'];

/** The colour of each name, in order of appearance; the legend and every chart agree on it. */
export function colourOf(names: readonly string[]): ReadonlyMap<string, string> {
  return new Map([...new Set(names)].map((name, i) => [name, colours[i % colours.length]]));
}

/** Draws a chart as inline SVG, without a browser. */
export function drawChart({ title, series }: Chart, palette: ReadonlyMap<string, string>): SafeHtml {
  const { document } = parseHTML('<html><body></body></html>') as unknown as Pick<
    Plot.PlotOptions,
    'document'
  >;
  const points = series.flatMap(({ name, points: own }, run) =>
    own.map((point) => ({ ...point, name, run })),
  );
  const drawn = Plot.plot({
    document,
    width: 480,
    height: 280,
    marginLeft: 56,
    ariaLabel: title,
    x: { label: 'epoch', tickFormat: (epoch: number) => (Number.isInteger(epoch) ? String(epoch) : '') },
    y: { label: null, grid: true, zero: false },
    marks: [
      Plot.line(points, {
        x: 'epoch',
        y: 'value',
        z: 'run',
        stroke: ({ name }: { name: string }) => palette.get(name) ?? 'currentColor',
        strokeWidth: 1.5,
      }),
    ],
  });
  return new SafeHtml((drawn as unknown as { outerHTML: string }).outerHTML);
}
