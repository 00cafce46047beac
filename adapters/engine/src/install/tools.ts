import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { CommandError, runCommand } from './run-command.js';

/** Programs that the installation runs. */
export interface Tools {
  readonly python: string;
  /** Command and first options. */
  readonly pip: readonly string[];
  /** JavaScript files, run by this Node. */
  readonly npm: string;
  readonly nodeGyp: string;
  /** A folder with `include/node` of this Node version; without one node-gyp downloads the headers. */
  readonly nodeHeaders?: string;
}

/** @returns the tools that are there, and a word for each that is missing. */
export async function findTools(): Promise<{ found: Partial<Tools>; missing: string[] }> {
  const python = await firstThatRuns(
    [process.env.PYTHON, 'python3', 'python'],
    ['-c', 'import sys; sys.exit(sys.version_info < (3, 8))'],
  );
  const pip = await findPip(python);
  const npmFolder = findNpm();
  const compiler = await firstThatRuns([process.env.CXX, 'c++', 'g++', 'clang++'], ['--version']);
  const make = await firstThatRuns([process.env.MAKE, 'make'], ['--version']);
  const missing = [
    !python && 'Python 3.8 or newer',
    python && !pip && 'pip (python3-pip)',
    !compiler && 'a C++ compiler (g++)',
    !make && 'make',
    !npmFolder && 'npm with its node-gyp',
  ].filter((word) => typeof word === 'string');
  const npm = npmFolder && join(npmFolder, 'bin', 'npm-cli.js');
  const nodeGyp = npmFolder && join(npmFolder, nodeGypPath);
  return { found: { python, pip, npm, nodeGyp, nodeHeaders: findNodeHeaders() }, missing };
}

/** @returns `tools` with none missing. */
export function isComplete(tools: Partial<Tools>, missing: readonly string[]): tools is Tools {
  return missing.length === 0 && !!tools.python && !!tools.pip && !!tools.npm && !!tools.nodeGyp;
}

async function runs(command: string, options: readonly string[]): Promise<boolean> {
  try {
    await runCommand(command, options);
    return true;
  } catch (error) {
    if (error instanceof CommandError) return false;
    throw error;
  }
}

async function firstThatRuns(
  commands: readonly (string | undefined)[],
  options: readonly string[],
): Promise<string | undefined> {
  for (const command of commands) if (command && (await runs(command, options))) return command;
  return undefined;
}

async function findPip(python: string | undefined): Promise<readonly string[] | undefined> {
  if (python && (await runs(python, ['-m', 'pip', '--version']))) return [python, '-m', 'pip'];
  const pip = await firstThatRuns(['pip3', 'pip'], ['--version']);
  return pip === undefined ? undefined : [pip];
}

const nodeGypPath = join('node_modules', 'node-gyp', 'bin', 'node-gyp.js');

/** @returns the folder of an npm that has its node-gyp: the one that runs us, the one beside Node, or the one on PATH. */
function findNpm(): string | undefined {
  const { npm_execpath: running = '', PATH = '' } = process.env;
  const scripts = [
    running.endsWith('npm-cli.js') ? running : '',
    join(dirname(process.execPath), '..', 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js'),
    ...PATH.split(delimiter).map((folder) => join(folder, 'npm')),
  ];
  for (const script of scripts) {
    if (!script || !existsSync(script)) continue;
    const folder = join(dirname(realpathSync(script)), '..');
    if (existsSync(join(folder, nodeGypPath))) return folder;
  }
  return undefined;
}

function findNodeHeaders(): string | undefined {
  const beside = join(dirname(realpathSync(process.execPath)), '..');
  const folders = [process.env.npm_config_nodedir, beside, '/usr/local', '/usr'];
  return folders.find((folder) => folder && hasOurHeaders(join(folder, 'include', 'node')));
}

function hasOurHeaders(folder: string): boolean {
  const files = ['node_api.h', 'node_version.h', 'common.gypi', 'config.gypi'].map((file) =>
    join(folder, file),
  );
  if (!files.every((file) => existsSync(file))) return false;
  const abi = /#define NODE_MODULE_VERSION (\d+)/.exec(readFileSync(files[1], 'utf8'))?.[1];
  return abi === process.versions.modules;
}
