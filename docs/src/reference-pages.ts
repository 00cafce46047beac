import { validateSync } from 'class-validator';
import {
  RunConfig,
  type UnitDescriptor,
  type UnitKind,
  describedKeys,
  losses,
  readConfig,
} from '@coco-rec/core';

type ConfigClass = new () => object;

/** What a page of units is about, by kind. Rankers are named where backbones are. */
const kindPages: readonly { file: string; title: string; about: string; kinds: readonly UnitKind[] }[] = [
  {
    file: 'backbones.md',
    title: 'Backbones',
    about: 'The recommender: section `backbone`. Rankers stand there too, but take no fusion.',
    kinds: ['backbone', 'ranker'],
  },
  {
    file: 'fusions.md',
    title: 'Fusions',
    about: 'How knowledge joins the recommender: section `fusion`.',
    kinds: ['fusion'],
  },
  {
    file: 'knowledge.md',
    title: 'Language models',
    about: 'Where knowledge comes from: section `knowledge`.',
    kinds: ['knowledge'],
  },
  {
    file: 'data.md',
    title: 'Data',
    about: 'Where interactions and item texts come from: section `data`; the id is its key `format`.',
    kinds: ['data'],
  },
  {
    file: 'engines.md',
    title: 'Engines',
    about: 'What computes: key `engine`, `auto` by default. An engine has no keys.',
    kinds: ['engine'],
  },
];

const notice =
  '<!-- Made by `npm run reference -w @coco-rec/docs`. Do not edit: change the classes instead. -->';

/** The reference: file name → Markdown, made from what is registered. */
export function referencePages(units: readonly UnitDescriptor[]): Map<string, string> {
  const pages = new Map<string, string>([
    ['README.md', indexPage(units)],
    ['config.md', configPage()],
    ['losses.md', lossesPage()],
  ]);
  for (const { file, title, about, kinds } of kindPages) {
    const own = units.filter(({ kind }) => kinds.includes(kind));
    pages.set(file, page(title, about, own.map(unitSection)));
  }
  return pages;
}

function page(title: string, about: string, sections: readonly string[]): string {
  return `${[notice, `# ${title}`, about, ...sections].join('\n\n')}\n`;
}

function indexPage(units: readonly UnitDescriptor[]): string {
  const rows = units.map(({ kind, id, summary }) => {
    const file = kindPages.find(({ kinds }) => kinds.includes(kind))?.file ?? '';
    return [kind, `[${id}](${file}#${id})`, summary];
  });
  const about =
    'All units that are built in, and all keys of a config. Keys of the file itself: [config](config.md); ' +
    'losses: [losses](losses.md). `coco list` prints the same.';
  return page('Reference', about, [table(['Kind', 'Id', 'What it is'], rows)]);
}

function configPage(): string {
  const about =
    'A config is one YAML or JSON file. A section that names a unit holds its `id` and its keys ' +
    '(`backbone: { id: sasrec, dimension: 64 }`), or the id alone (`backbone: sasrec`). An unknown key is an error.';
  const groups = describedKeys(RunConfig).flatMap(({ key, group }) =>
    group ? [`## ${key}\n\n${keysTable(group)}`] : [],
  );
  return page('The config', about, [`## The file\n\n${keysTable(RunConfig)}`, ...groups]);
}

function lossesPage(): string {
  const sections = losses.map(({ id, summary, paper, config }) =>
    [`## ${id}`, summary, ...paperLine(paper), ...keysTables(config)].join('\n\n'),
  );
  return page('Losses', 'Key `train.loss`: an id, or an id with the keys of the loss.', sections);
}

function unitSection(unit: UnitDescriptor): string {
  const facts = [...paperLine(unit.paper), ...abilities(unit)];
  const keys = unit.kind === 'engine' ? [] : keysTables(unit.config);
  return [`## ${unit.id}`, unit.summary, ...facts, ...keys].join('\n\n');
}

const paperLine = (paper: string | undefined): string[] => (paper ? [`Source: ${paper}.`] : []);

function abilities(unit: UnitDescriptor): string[] {
  if (unit.kind === 'backbone' || unit.kind === 'knowledge') {
    return [`Capabilities: ${namesOf(unit.capabilities) || 'none'}.`];
  }
  if (unit.kind !== 'fusion') return [];
  const { backbone, knowledge } = unit.needs(readConfig(unit.config, {}, 'fusion'));
  const model = knowledge ? `a language model with ${namesOf(knowledge)}` : 'no language model';
  const base = namesOf(backbone) ? `a backbone with ${namesOf(backbone)}` : 'any backbone';
  return [`Needs, as configured by default: ${base}; ${model}.`];
}

/** The names that are true. */
function namesOf(flags: object): string {
  const names = Object.entries(flags).filter(([, value]) => value === true);
  return names.map(([name]) => `\`${name}\``).join(', ');
}

/** The keys of a config class, then those of each group in it. */
function keysTables(config: ConfigClass): string[] {
  const groups = describedKeys(config).flatMap(({ key, group }) =>
    group ? [`Keys of \`${key}\`:`, ...keysTables(group)] : [],
  );
  return [keysTable(config), ...groups];
}

/** Key, default and meaning of a config class. */
function keysTable(config: ConfigClass): string {
  const keys = describedKeys(config);
  if (keys.length === 0) return 'No keys.';
  // What an empty config complains about has to be given.
  const required = validateSync(new config(), { forbidUnknownValues: false }).map(({ property }) => property);
  const rows = keys.map(({ key, text, value }) => [
    `\`${key}\``,
    required.includes(key) ? 'required' : defaultText(value),
    text,
  ]);
  return table(['Key', 'Default', 'Meaning'], rows);
}

function defaultText(value: unknown): string {
  if (value === undefined) return '';
  const isGroup = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isGroup ? 'see below' : `\`${JSON.stringify(value)}\``;
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n');
}

const cell = (text: string): string => text.replace(/\|/g, '\\|').replace(/\s*\n\s*/g, ' ');
