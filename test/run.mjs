/**
 * Runs the compiled tests of all workspaces, two processes at a time, and sums up. A package has one process, the long
 * tests (across packages, and of the command) one a file.
 *
 *   node test/run.mjs                            everything
 *   node test/run.mjs core adapters/llm          some packages
 *   node test/run.mjs test/src/leakage           files whose path begins like that
 *
 * With COCO_CI=1 a skipped test that needs the shared data or the golden values counts as failed, if their folder is
 * there (COCO_SHARED, by default `shared` beside the project). Exit codes: 0, 1 a test failed, 2 wrong use, 130 stopped.
 */
import { fork } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(here);
const processes = 2;
/** So long may a package's process live on after its last test. */
const farewellSeconds = 20;
/** What tfjs-core prints when it is loaded without its native engine. */
const greeting = /=+\nHi, looks like you are running TensorFlow\.js in Node\.js\.[^\n]*\n=+\n/g;
const shared = resolve(process.env.COCO_SHARED ?? join(root, '..', 'shared'));
/** Of a skipped test's title and reason. */
const needsShared = /\b(shared|golden|reference values|COCO_SMOLLM2)\b/i;
const mustRunShared = process.env.COCO_CI === '1' && existsSync(shared);

/** The packages whose tests take the longest: cross-package ones, and the command as a process of its own each time. */
const longPackages = ['test', 'adapters/cli'];
/** Files that take the longest; the more of these match, the sooner a file is begun. */
const longest = [/\/conformance\/coco\./, /\/conformance\//, /^adapters\/cli\/|\/conformance\//];

/** Folders of the workspaces, relative to the root; the long cross-package tests first. */
function workspaces() {
  const { workspaces: patterns } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const folders = patterns.flatMap((pattern) => {
    if (!pattern.endsWith('/*')) return [pattern];
    const parent = pattern.slice(0, -2);
    return readdirSync(join(root, parent)).map((name) => `${parent}/${name}`);
  });
  return folders
    .filter((folder) => existsSync(join(root, folder, 'package.json')))
    .sort((a, b) => Number(longPackages.includes(b)) - Number(longPackages.includes(a)));
}

/** Test sources of a package. What is compiled but has no source any more is not run. */
function testSources(folder) {
  const found = [];
  const visit = (path) => {
    for (const entry of readdirSync(join(root, path), { withFileTypes: true })) {
      const inner = `${path}/${entry.name}`;
      if (entry.isDirectory()) visit(inner);
      else if (entry.name.endsWith('.test.ts')) found.push(inner);
    }
  };
  if (existsSync(join(root, folder, 'src'))) visit(`${folder}/src`);
  return found.sort();
}

const compiled = (source) => join(root, source.replace('/src/', '/dist/').replace(/\.ts$/, '.js'));

/** @returns the packages to run, each with its test sources. */
function choose(wanted) {
  const all = workspaces().map((folder) => ({ folder, sources: testSources(folder) }));
  if (wanted.length === 0) return all.filter(({ sources }) => sources.length > 0);
  const words = wanted.map((word) => word.replace(/\/+$/, ''));
  const isMeant = (word, folder, source) =>
    [folder, basename(folder)].includes(word) ||
    source.startsWith(word.includes('/src/') ? word : `${word}/`);
  for (const word of words) {
    if (all.some(({ folder, sources }) => sources.some((source) => isMeant(word, folder, source)))) continue;
    const known = all.map(({ folder }) => folder);
    if (known.some((folder) => [folder, basename(folder)].includes(word))) console.log(`${word}: no tests`);
    else {
      console.error(`There are no tests in "${word}". Packages: ${known.join(', ')}.`);
      process.exit(2);
    }
  }
  const pick = ({ folder, sources }) => ({
    folder,
    sources: sources.filter((source) => words.some((word) => isMeant(word, folder, source))),
  });
  return all.map(pick).filter(({ sources }) => sources.length > 0);
}

/** @returns what one process is to run each: a file of the long packages, the longest first, or another package. */
function split(all) {
  const weight = (source) => longest.filter((pattern) => pattern.test(source)).length;
  const files = all
    .filter(({ folder }) => longPackages.includes(folder))
    .flatMap(({ sources }) => sources)
    .toSorted((a, b) => weight(b) - weight(a))
    .map((source) => ({ folder: source.replace(/\.test\.ts$/, ''), sources: [source] }));
  return [...files, ...all.filter(({ folder }) => !longPackages.includes(folder))];
}

const children = new Set();
const totals = { passed: 0, failed: 0, skipped: 0 };
let column = 0;

function dot(character) {
  process.stdout.write(character);
  column = (column + 1) % 100;
  if (column === 0) process.stdout.write('\n');
}

function print(text) {
  if (column > 0) process.stdout.write('\n');
  column = 0;
  console.log(text);
}

/** Runs one package in a process of its own. Everything it printed comes at its end, in one piece. */
function runPackage({ folder, sources }) {
  return new Promise((done) => {
    const startedAt = Date.now();
    const result = { folder, passed: 0, failures: [], skipped: [], output: '', isOver: false };
    const child = fork(join(here, 'run-files.mjs'), sources.map(compiled), { cwd: root, silent: true });
    children.add(child);
    let farewell;
    const collect = (chunk) => (result.output += chunk);
    child.stdout.setEncoding('utf8').on('data', collect);
    child.stderr.setEncoding('utf8').on('data', collect);
    child.on('message', (message) => {
      take(result, message);
      if (!result.isOver) return;
      farewell = setTimeout(() => {
        result.failures.push({
          title: 'the end',
          error: `Something still runs ${farewellSeconds} s after the last test.`,
        });
        child.kill('SIGKILL');
      }, farewellSeconds * 1000);
    });
    child.on('close', (code, signal) => {
      clearTimeout(farewell);
      children.delete(child);
      if (!result.isOver) {
        const how = signal ? `signal ${signal}` : `code ${code}`;
        result.failures.push({
          title: result.running ?? 'the start',
          error: `The process ended with ${how}.`,
        });
      }
      summarise(result, (Date.now() - startedAt) / 1000);
      done();
    });
  });
}

/** A message of run-files.mjs. */
function take(result, { event, title, error, reason }) {
  if (event === 'start') result.running = title;
  else if (event === 'pass') {
    result.passed++;
    dot('.');
  } else if (event === 'fail') {
    result.failures.push({ title, error });
    dot('!');
  } else if (event === 'skip') {
    const isWrong = mustRunShared && needsShared.test(`${title} ${reason}`);
    if (isWrong)
      result.failures.push({ title, error: `It must not be skipped, ${shared} is there: ${reason}` });
    else result.skipped.push({ title, reason });
    dot(isWrong ? '!' : ',');
  } else if (event === 'end') result.isOver = true;
}

function summarise({ folder, passed, failures, skipped, output }, seconds) {
  totals.passed += passed;
  totals.failed += failures.length;
  totals.skipped += skipped.length;
  const counts = `${passed} passed, ${failures.length} failed, ${skipped.length} skipped`;
  print(`\n${folder}: ${counts} in ${seconds.toFixed(1)} s`);
  const said = output.replace(greeting, '').trim();
  if (said !== '') print(said.replace(/^/gm, '  | '));
  for (const { title, reason } of skipped) print(`  skipped: ${title} (${reason})`);
  failures.forEach(({ title, error }, i) =>
    print(`\n  ${i + 1}) ${title}\n${error.replace(/^/gm, '     ')}`),
  );
}

async function work(queue) {
  for (let next = queue.shift(); next; next = queue.shift()) await runPackage(next);
}

function stop(signal) {
  for (const child of children) child.kill('SIGKILL');
  print(`Stopped by ${signal}: not all tests were run.`);
  process.exit(signal === 'SIGINT' ? 130 : 143);
}
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => stop(signal));

const packages = choose(process.argv.slice(2));
const missing = packages.flatMap(({ sources }) => sources).filter((source) => !existsSync(compiled(source)));
for (const source of missing) print(`${source} is not compiled: is its package named in tsconfig.json?`);
totals.failed += missing.length;
const queue = split(
  packages
    .map(({ folder, sources }) => ({
      folder,
      sources: sources.filter((source) => !missing.includes(source)),
    }))
    .filter(({ sources }) => sources.length > 0),
);
await Promise.all(Array.from({ length: processes }, () => work(queue)));
if (totals.passed + totals.failed + totals.skipped === 0) totals.failed++; // nothing was tested
print(totals.skipped > 0 ? `\n${totals.skipped} skipped, with their reasons above` : '');
print(`${totals.passed} passed, ${totals.failed} failed`);
process.exitCode = totals.failed > 0 ? 1 : 0;
