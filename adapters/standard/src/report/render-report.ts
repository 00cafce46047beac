import type { Chart } from './curves.js';
import { colourOf, drawChart } from './draw-chart.js';
import { type SafeHtml, html } from './html.js';
import { style } from './style.js';
import type { Table } from './table.js';

/** What a report shows, from top to bottom. */
export interface Report {
  readonly title: string;
  readonly tables: readonly Table[];
  readonly charts: readonly Chart[];
  /** How the figures came about; written as one line. */
  readonly protocol: Readonly<Record<string, unknown>>;
}

/** One self-contained HTML page: no script, nothing from the network, light and dark. */
export function renderReport({ title, tables, charts, protocol }: Report): string {
  const [first, ...others] = tables;
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'" />
        <title>${title}</title>
        ${style}
      </head>
      <body>
        <h1>${title}</h1>
        ${first ? renderTable(first) : html``} ${renderCharts(charts)} ${others.map(renderTable)}
        <h2>Protocol</h2>
        <p class="protocol">${protocolLine(protocol)}</p>
      </body>
    </html> `;
  return page.text;
}

/** "split: leave-one-out by time; filter: none; …" */
export function protocolLine(protocol: Readonly<Record<string, unknown>>): string {
  const entries = Object.entries(protocol).map(([key, value]) => {
    const words = key.replace(/(?<=[a-z])(?=[A-Z0-9])|(?<=[0-9])(?=[A-Z])/g, ' ').toLowerCase();
    return `${words}: ${typeof value === 'string' ? value : JSON.stringify(value)}`;
  });
  return entries.join('; ');
}

function renderTable({ title, columns, rows, notes = [] }: Table): SafeHtml {
  const side = (i: number): string => (columns[i]?.align === 'right' ? 'figure' : 'word');
  return html`<h2>${title}</h2>
    <div class="scroll">
      <table>
        <thead>
          <tr>
            ${columns.map(({ label }, i) => html`<th scope="col" class="${side(i)}">${label}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            (row) =>
              html`<tr>
                ${row.map((cell, i) => html`<td class="${side(i)}">${cell}</td>`)}
              </tr> `,
          )}
        </tbody>
      </table>
    </div>
    ${notes.map((note) => html`<p class="note">${note}</p> `)}`;
}

function renderCharts(charts: readonly Chart[]): SafeHtml {
  if (charts.length === 0) return html``;
  const palette = colourOf(charts.flatMap(({ series }) => series.map(({ name }) => name)));
  const legend = [...palette].map(
    ([name, colour]) => html`<li><span class="swatch" style="background:${colour}"></span>${name}</li>`,
  );
  const figures = charts.map(
    (chart) =>
      html`<figure>
        <figcaption>${chart.title}</figcaption>
        ${drawChart(chart, palette)}
      </figure> `,
  );
  return html`<h2>Training, by epoch</h2>
    <ul class="legend">
      ${legend}
    </ul>
    <div class="charts">${figures}</div>`;
}
