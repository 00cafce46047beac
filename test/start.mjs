/**
 * Runs `npm start` as README tells, on a machine that has nothing but Node and npm, and holds what it prints to README's
 * table: the same columns and methods, figures where figures belong. It begins anew, so an earlier demo in runs/demo goes.
 * The digits are only told where they differ, since another Node or processor may round in another way.
 *
 *   node test/start.mjs
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const title = 'A made-up shop: what each method finds';
const patterns = {
  figure: /^0\.\d{4}$/,
  gain: /^[+−]?\d+\.\d %$/,
  interval: /^[+−]?\d+\.\d … [+−]?\d+\.\d %$/,
  p: /^(0\.\d{3}|1\.000)$/,
};

function demand(isSo, sentence) {
  if (isSo) return;
  console.error(sentence);
  process.exit(1);
}

/** @returns the lines from the title to the oracle, each split into its cells. */
function tableOf(text, where) {
  const lines = text.split('\n');
  const from = lines.indexOf(title);
  const to = lines.findIndex((line, i) => i > from && line.startsWith('oracle '));
  demand(from >= 0 && to > from, `${where} holds no table "${title}":\n${text}`);
  return lines.slice(from + 1, to + 1).map((line) => line.trim().split(/ {2,}/));
}

function checkRow([name, recall, ndcg, ...comparison]) {
  const said = `The row of ${name}`;
  for (const cell of [recall, ndcg])
    demand(patterns.figure.test(cell), `${said} holds "${cell}" for a figure.`);
  if (!name.includes(' + ')) return demand(comparison.length === 0, `${said} is compared with itself.`);
  const [gain, interval, p, verdict] = comparison;
  demand(patterns.gain.test(gain), `${said} holds "${gain}" for a gain.`);
  demand(patterns.interval.test(interval), `${said} holds "${interval}" for an interval.`);
  demand(patterns.p.test(p), `${said} holds "${p}" for a p.`);
  demand(/^[a-z ]+$/.test(verdict), `${said} holds "${verdict}" for a verdict.`);
}

/** Standard output of the command, by the engine that a machine without native TensorFlow has. */
function start() {
  const empty = mkdtempSync(join(tmpdir(), 'coco-start-')); // an installed engine would be found in the cache
  const { status, stdout } = spawnSync('npm', ['start', '--silent', '--', '--fresh'], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, COCO_CACHE: empty },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  rmSync(empty, { recursive: true, force: true });
  demand(status === 0, `npm start ended with code ${status}:\n${stdout}`);
  return stdout;
}

const promised = tableOf(readFileSync(join(root, 'README.md'), 'utf8'), 'README.md');
const output = start();
console.log(output);
const printed = tableOf(output, 'What npm start printed');
const names = (table) => table.slice(1).map(([name]) => name);
demand(printed[0].join() === promised[0].join(), `The columns are ${printed[0]}, in README ${promised[0]}.`);
demand(names(printed).join() === names(promised).join(), `The rows are ${names(printed)}, in README others.`);
printed.slice(1).forEach(checkRow);
const recalls = printed.slice(1).map(([, recall]) => Number(recall));
demand(recalls.at(-1) === Math.max(...recalls), 'The oracle is not the best.');
const differing = printed.filter((row, i) => row.join() !== promised[i].join()).map(([name]) => name);
if (differing.length > 0) console.log(`Digits differ from README's: ${differing.join(', ')}.`);
else console.log("The table is README's, to the digit.");
