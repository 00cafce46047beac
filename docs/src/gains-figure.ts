/** What each fusion gains over the bare SASRec, as one SVG file that can be read on light and on dark ground. */
import * as Plot from '@observablehq/plot';
import { type ComparedMethod, type Comparison, gainText } from '@coco-rec/standard';
import { parseHTML } from 'linkedom';

/** What the methods are called, the first that fits; a control takes the knowledge away. */
const labels: readonly (readonly [name: RegExp, label: string, isControl?: boolean])[] = [
  [/^text:/, 'text'],
  [/^concat:/, 'concat with item text'],
  [/^mlp:/, 'mlp with item text'],
  [/^coco:.*control=placebo/, 'CoCo, titles dealt to other items', true],
  [/^coco:.*control=random/, 'CoCo, random language model', true],
  [/^coco:.*itemText=false/, 'CoCo without item text'],
  [/^coco:.*preset=paper/, 'CoCo, preset paper'],
  [/^coco:/, 'CoCo'],
];
const charts = [
  { metric: 'recall@5', left: 232, width: 524 },
  { metric: 'ndcg@5', left: 12, width: 304 },
] as const;
type Metric = (typeof charts)[number]['metric'];

const [rowHeight, captionHeight] = [26, 64];
/** A gain that is lower is told in the caption: it would squeeze all others together. In per cent. */
const lowest = -10;

/** A method's gain, in per cent of the base. */
interface Gain {
  readonly label: string;
  readonly isControl: boolean;
  readonly value: number;
  readonly from: number;
  readonly to: number;
}

/** @throws Error for a method without a difference to the base, or without a label */
export function drawGains(comparison: Comparison): string {
  const [recall, ndcg] = charts.map(({ metric }) => gainsOf(comparison, metric));
  const isShown = ({ label }: Gain): boolean =>
    [recall, ndcg].every((all) => all.some((gain) => gain.label === label && gain.value >= lowest));
  const shown = [recall, ndcg].map((all) => all.filter(isShown));
  const left = [recall, ndcg].map((all) => all.filter((gain) => !isShown(gain)));
  const ends = shown.flat().flatMap(({ from, to }) => [from, to]);
  const domain: [number, number] = [Math.min(0, ...ends) - 0.5, Math.max(...ends) + 0.5];
  const height = 80 + rowHeight * shown[0].length;
  const drawn = charts.map((chart, i) => {
    const x = i === 0 ? 0 : charts[0].width;
    return `<g transform="translate(${x} 0)">${drawChart({ ...chart, height, domain }, shown[i])}</g>`;
  });
  const width = charts.reduce((sum, chart) => sum + chart.width, 0);
  return wrap(drawn.join('') + caption(comparison, left, height), width, height + captionHeight);
}

function gainsOf({ methods }: Comparison, metric: Metric): Gain[] {
  const base = methods.find(({ name }) => name === 'none')?.mean[metric];
  return methods.filter(({ name }) => name !== 'none').map((method) => gainOf(method, metric, base));
}

function gainOf({ name, difference }: ComparedMethod, metric: Metric, base: number | undefined): Gain {
  const found = difference?.[metric];
  const [, label, isControl = false] = labels.find(([pattern]) => pattern.test(name)) ?? [];
  if (!found || base === undefined || label === undefined)
    throw new Error(`The figure has no place for "${name}".`);
  const percent = (part: number): number => (100 * part) / base;
  const [from, to] = found.interval.map(percent);
  return { label, isControl, value: percent(found.difference), from, to };
}

interface ChartPlace {
  readonly metric: Metric;
  readonly left: number;
  readonly width: number;
  readonly height: number;
  readonly domain: readonly [number, number];
}

function drawChart({ metric, left, width, height, domain }: ChartPlace, gains: readonly Gain[]): string {
  const { document } = parseHTML('<html><body></body></html>') as unknown as Pick<
    Plot.PlotOptions,
    'document'
  >;
  const stroke = ({ isControl }: Gain): string => (isControl ? '#f28e2b' : '#4e79a7');
  const isFirst = metric === charts[0].metric;
  const drawn = Plot.plot({
    document,
    width,
    height,
    marginLeft: left,
    marginTop: 16,
    marginRight: 56,
    marginBottom: 44,
    ariaLabel: metric,
    style: { fontSize: '12px' },
    x: { domain, label: `${metric} over SASRec, %`, labelAnchor: 'center', grid: true, ticks: 6 },
    y: { domain: gains.map(({ label }) => label), label: null, tickSize: 0, axis: isFirst ? 'left' : null },
    marks: [
      Plot.ruleX([0], { stroke: 'currentColor' }),
      Plot.ruleY(gains, { y: 'label', x1: 'from', x2: 'to', stroke, strokeWidth: 2 }),
      Plot.dot(gains, { y: 'label', x: 'value', fill: stroke, r: 4 }),
      Plot.text(gains, {
        y: 'label',
        x: 'to',
        text: (gain: Gain) => signed(gain.value),
        textAnchor: 'start',
        dx: 5,
      }),
    ],
  });
  const { outerHTML } = drawn as unknown as { outerHTML: string };
  return outerHTML.replace(/<style>.*?<\/style>/s, ''); // for a page; a file needs none
}

/** What the figure is of, and what it leaves out. */
function caption({ protocol, seeds }: Comparison, left: readonly (readonly Gain[])[], top: number): string {
  const [recall, ndcg] = left;
  const outside = recall.map(
    ({ label, value }, i) => `${label}: ${signed(value)} and ${signed(ndcg[i].value)}, off the scale.`,
  );
  const lines = [
    `Data: ${String(protocol.data)}; ${seeds} seeds; paired differences with 95 % intervals, not corrected for several methods.`,
    'Orange: controls, which take the knowledge away.',
    ...outside,
  ];
  return lines.map((line, i) => `<text x="12" y="${top + 18 + 16 * i}">${line}</text>`).join('');
}

/** Dark ground where the reader has it; the ground is the figure's own, so that it never stands on one it does not fit. */
function wrap(content: string, width: number, height: number): string {
  const style =
    '<style>:root { color: #24292f } .ground { fill: #fff } @media (prefers-color-scheme: dark) ' +
    '{ :root { color: #d0d7de } .ground { fill: #161b22 } }</style>';
  const size = `width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`;
  const words = 'fill="currentColor" font-family="system-ui, sans-serif" font-size="12"';
  const ground = '<rect class="ground" width="100%" height="100%"/>';
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} ${words}>${style}${ground}${content}</svg>\n`;
}

const signed = (percent: number): string => gainText(percent / 100).replace('-', '−');
