import assert from 'node:assert/strict';
import type { Command } from 'commander';
import { describe, it } from 'mocha';
import { createProgram } from './program.js';
import { runCoco } from './testing/run-coco.js';
import { Terminal } from './terminal.js';

describe('help', function () {
  this.timeout(60_000);
  const program = createProgram(new Terminal(process.stdout, process.stderr, new AbortController().signal));

  /** Commands that do something. */
  const leaves = (command: Command): Command[] =>
    command.commands.length === 0 ? [command] : command.commands.flatMap(leaves);

  const helpOf = (command: Command): string => {
    let text = '';
    command.configureOutput({ writeOut: (part) => (text += part) });
    command.outputHelp();
    return text;
  };

  it('has examples in every command', () => {
    const commands = leaves(program);
    assert.ok(commands.length >= 14);
    for (const command of commands) {
      assert.match(helpOf(command), /\n\nExamples:\n {2}\$ (\w+=\S+ )?(echo .*)?coco /, command.name());
    }
  });

  it('is printed on standard output with 0 when asked for, and on standard error with 2 when a command lacks', async () => {
    const [asked, lacking] = await Promise.all([
      runCoco(['model', 'pull', '--help'], { folder: '.' }),
      runCoco(['model'], { folder: '.' }),
    ]);
    assert.deepEqual([asked.code, asked.errors], [0, '']);
    assert.match(asked.output, /^Usage: coco model pull .*Examples:/s);
    assert.deepEqual([lacking.code, lacking.output], [2, '']);
    assert.match(lacking.errors, /^Usage: coco model /);
  });

  it('lists every fusion, and the keys of one', async () => {
    const [fusions, sasrec] = await Promise.all([
      runCoco(['list', 'fusions'], { folder: '.' }),
      runCoco(['list', 'backbone', 'sasrec'], { folder: '.' }),
    ]);
    for (const id of ['none', 'text', 'concat', 'mlp', 'kar', 'r4ec', 'coco'])
      assert.match(fusions.output, new RegExp(`fusion +${id} `));
    assert.match(sasrec.output, /dimension +64 /);
  });

  it('prints the version', async () => {
    assert.match((await runCoco(['--version'], { folder: '.' })).output, /^\d+\.\d+\.\d+\n$/);
  });
});
