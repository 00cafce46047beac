/** Charts of how cost grows, as one SVG file. */
import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { type Growth, median } from './bench-case.js';
import { UsageError } from '@coco-rec/core';

/** A figure with a place in a chart. */
export interface GrowthFigure {
  readonly values: readonly number[];
  readonly growth?: Growth;
}

const [width, height] = [440, 280];
const chartsInRow = 2;

interface Point extends Growth {
  readonly value: number;
}

/**
 * One chart for each cost and each thing that grows, both axes logarithmic. A dashed line shows what the cost would be if
 * it did as expected from the first point on.
 * @throws UsageError if no figure has a place in a chart
 */
export function drawGrowth(figures: readonly GrowthFigure[]): string {
  const charts = new Map<string, Point[]>();
  for (const { growth, values } of figures) {
    if (!growth) continue;
    const title = `${growth.cost} by ${growth.along}`;
    charts.set(title, [...(charts.get(title) ?? []), { ...growth, value: median(values) }]);
  }
  if (charts.size === 0) {
    throw new UsageError('No figure to draw: --plot is for the cases "scaling" and "loading-growth".');
  }
  const drawn = [...charts].map(([title, points], i) => {
    const [x, y] = [(i % chartsInRow) * width, Math.floor(i / chartsInRow) * height];
    return `<g transform="translate(${x} ${y})">${chart(title, points)}</g>`;
  });
  const rows = Math.ceil(drawn.length / chartsInRow);
  const size = `width="${chartsInRow * width}" height="${rows * height}"`;
  const ground = '<rect width="100%" height="100%" fill="white"/>';
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} color="#222">${ground}${drawn.join('')}</svg>\n`;
}

function chart(title: string, points: readonly Point[]): string {
  const { document } = parseHTML('<html><body></body></html>') as unknown as Pick<
    Plot.PlotOptions,
    'document'
  >;
  const [first] = points;
  const expected = points
    .filter(({ series, expected: kind }) => kind !== undefined && series === first.series)
    .map(({ at, expected: kind }) => ({ at, value: first.value * (kind === 'linear' ? at / first.at : 1) }));
  const line = { x: 'at', y: 'value' } as const;
  const drawn = Plot.plot({
    document,
    width,
    height,
    marginLeft: 56,
    marginTop: 28,
    marginRight: 70,
    ariaLabel: title,
    x: { type: 'log', label: first.along, ticks: [...new Set(points.map(({ at }) => at))], tickFormat: 's' },
    y: { type: 'log', label: first.cost, grid: true, ticks: 5, tickFormat: '~r', domain: domainOf(points) },
    marks: [
      Plot.line(expected, { ...line, stroke: '#999', strokeDasharray: '4 3' }),
      Plot.line(points, { ...line, z: 'series', stroke: '#4e79a7' }),
      Plot.dot(points, { ...line, fill: '#4e79a7', r: 3 }),
      Plot.text(
        points,
        Plot.selectLast({ ...line, z: 'series', text: 'series', textAnchor: 'start', dx: 7 }),
      ),
    ],
  });
  const { outerHTML } = drawn as unknown as { outerHTML: string };
  return outerHTML.replace(/<style>.*?<\/style>/s, ''); // for a page; a file needs none
}

/** At least a power of ten, so that a flat line looks flat. */
function domainOf(points: readonly Point[]): [number, number] {
  const values = points.map(({ value }) => value);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return [Math.min(low, high / 10) / 1.3, high * 1.3];
}
