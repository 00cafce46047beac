import type { Command } from 'commander';
import { engineStatus } from '@coco-rec/standard';
import { examples } from '../options.js';
import type { Terminal } from '../terminal.js';

export function addEngineStatus(parent: Command, terminal: Terminal): void {
  const command = parent
    .command('status')
    .description('which engines run here, which one "auto" takes, and why not a better one')
    .action(() => status(terminal));
  examples(command, [['coco engine status', 'every engine, best first']]);
}

async function status(terminal: Terminal): Promise<void> {
  const reports = await engineStatus();
  const stateOf = ({ chosen, available }: (typeof reports)[number]): string => {
    if (chosen) return 'used by auto';
    return available ? 'available' : 'not available';
  };
  terminal.table({
    title: 'Engines, best first',
    columns: [{ label: 'Engine' }, { label: 'State' }, { label: 'Detail' }],
    rows: reports.map((report) => [report.id, stateOf(report), report.detail]),
  });
}
