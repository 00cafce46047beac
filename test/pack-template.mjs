/**
 * Packs the public packages, installs them into a copy of examples/template outside the project, and runs it: what a user
 * gets. Takes what it can from npm's cache. Run it after a build.
 *
 *   node test/pack-template.mjs
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const work = mkdtempSync(join(tmpdir(), 'coco-template-'));
const packed = join(work, 'packed');
const project = join(work, 'project');

/** @returns what it printed. Ends the process if the command fails. */
function run(command, folder) {
  console.log(`$ ${command.join(' ')}`);
  const { status, stdout, stderr } = spawnSync(command[0], command.slice(1), {
    cwd: folder,
    encoding: 'utf8',
  });
  if (status === 0) return stdout;
  console.error(`${stdout}\n${stderr}\nIt ended with code ${status}.`);
  rmSync(work, { recursive: true, force: true });
  process.exit(1);
}

function demand(isSo, sentence) {
  if (isSo) return;
  console.error(sentence);
  rmSync(work, { recursive: true, force: true });
  process.exit(1);
}

/** Folders of the packages that are published. */
function publicPackages() {
  const { workspaces } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const folders = workspaces.flatMap((pattern) => {
    if (!pattern.endsWith('/*')) return [pattern];
    const parent = pattern.slice(0, -2);
    return readdirSync(join(root, parent)).map((name) => `${parent}/${name}`);
  });
  return folders.filter((folder) => {
    const path = join(root, folder, 'package.json');
    return existsSync(path) && !JSON.parse(readFileSync(path, 'utf8')).private;
  });
}

cpSync(join(root, 'examples', 'template'), project, {
  recursive: true,
  filter: (path) => !/[/\\](node_modules|dist|runs)$/.test(path),
});
cpSync(join(root, '.npmrc'), join(project, '.npmrc'));
const folders = publicPackages();
mkdirSync(packed);
run(['npm', 'pack', ...folders.flatMap((folder) => ['-w', folder]), '--pack-destination', packed], root);
const tarballs = readdirSync(packed).map((name) => join(packed, name));
demand(tarballs.length === folders.length, `${tarballs.length} of ${folders.length} packages were packed.`);
run(['npm', 'install', '--prefer-offline', ...tarballs], project);
for (const name of readdirSync(join(project, 'node_modules', '@coco-rec'))) {
  const files = readdirSync(join(project, 'node_modules', '@coco-rec', name), { recursive: true });
  const tests = files.filter((file) => /\.test\./.test(file));
  demand(tests.length === 0, `@coco-rec/${name} holds tests: ${tests.join(', ')}.`);
}
const laws = run(['npm', 'run', '--silent', 'laws'], project);
demand(/holds: fading-mean: causality is as declared/.test(laws), `The laws were not held to:\n${laws}`);
const output = run(['npm', 'start', '--silent'], project);
demand(/'recall@5': \d/.test(output) && /item: '\S+'/.test(output), `npm start printed:\n${output}`);
const list = run(['npx', 'coco', 'list'], project);
demand(/vectors/.test(list), `coco list printed:\n${list}`);
rmSync(work, { recursive: true, force: true });
console.log('The template works with the packed packages.');
