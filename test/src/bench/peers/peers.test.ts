/** The peers without their Python packages: Node and shell scripts stand where Python would, as processes. */
import assert from 'node:assert/strict';
import { chmodSync, existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StoppedError } from '@coco-rec/core';
import { temporaryFolder } from '../../support/small-run.js';
import { cases } from '../cases.js';
import { readOptions } from '../options.js';
import { casesTable, figuresTable } from '../report.js';
import type { Figure } from '../run-cases.js';
import { peerPython } from './environment.js';
import { type Peer, besidePeer, readAnswer, scriptFolder } from './peer.js';
import { runPeer, runPeers } from './run-peers.js';

const answer = {
  threads: 2,
  versions: { other: '1.2.3', torch: '2.8.0' },
  figures: [{ values: [4, 2, 9], processorValues: [5, 3, 9], note: 'other work' }],
};
const figure: Figure = {
  case: 'epoch',
  name: 'an epoch',
  unit: 's',
  values: [1, 3],
  median: 2,
  engine: 'none',
};
const options = readOptions(['--peers', '--repeats', '5', '--peer-steps', '4']);

const peerOf = (script: string): Peer => ({
  name: 'Other',
  package: 'other',
  script,
  settings: ({ data }) => ({ data }),
});

describe('bench --peers', () => {
  let folder: string;
  let remove: () => void;
  beforeEach(() => ({ folder, remove } = temporaryFolder()));
  afterEach(() => remove());

  /** A script that Node runs as Python would run a peer's. */
  const script = (text: string): string => {
    const path = join(folder, 'peer.mjs');
    writeFileSync(path, text);
    return path;
  };
  const run = (text: string): Promise<unknown> =>
    runPeer(process.execPath, peerOf(script(text)), options, { more: 1 });
  const echo = `
    let text = ''; for await (const part of process.stdin) text += part;
    console.log('a library speaks'); console.error('so does another');
    console.log(JSON.stringify({ threads: 2, versions: JSON.parse(text), figures: ${JSON.stringify(answer.figures)} }));`;

  it('reads its options', () => {
    assert.deepEqual([options.peers, options.peerSteps], [true, 4]);
    assert.equal(readOptions([]).peers, false);
    const { peers, peer } = readOptions(['--peer', 'RecBole']);
    assert.deepEqual([peers, peer], [true, 'RecBole']);
    assert.throws(
      () => readOptions(['--peer-steps', '0.5']),
      /--peer-steps is 0\.5; expected a whole number/,
    );
  });

  it('hands a script its settings and reads the last line of its answer', async () => {
    const { versions, figures } = (await run(echo)) as {
      versions: Record<string, unknown>;
      figures: unknown;
    };
    assert.deepEqual(figures, answer.figures);
    const { threads, ...settings } = versions;
    assert.deepEqual(settings, { data: options.data, repeats: 5, steps: 4, more: 1 });
    assert.ok(Number(threads) >= 1);
  });

  it('says in one sentence what is wrong with a script that does not answer', async () => {
    await assert.rejects(run(''), /^CocoError: it answered nothing instead of JSON$/);
    await assert.rejects(run('console.log("ready")'), /it answered "ready" instead of JSON/);
    await assert.rejects(run('console.log("{}")'), /its answer lacks figures: \{\}/);
    const failing =
      'console.error("first\\nModuleNotFoundError: No module named x\\n"); process.exitCode = 3;';
    await assert.rejects(run(failing), /it ended with code 3: ModuleNotFoundError: No module named x$/);
    await assert.rejects(
      run('process.kill(process.pid, "SIGKILL")'),
      /it ended with SIGKILL: it said nothing/,
    );
  });

  it('takes no figures that cannot be right', () => {
    const withFigures = (figures: unknown): string => JSON.stringify({ ...answer, figures });
    assert.deepEqual(readAnswer(`a line\n${JSON.stringify(answer)}\n`), answer);
    for (const values of [[], [0], [-1], ['1'], [null]])
      assert.throws(() => readAnswer(withFigures([{ ...answer.figures[0], values }])), /lacks figures/);
    assert.throws(() => readAnswer(withFigures([])), /lacks figures/);
    assert.throws(() => readAnswer('null'), /lacks figures/);
  });

  it('puts the peer beside our figure of the same place, with the ratio of the medians', () => {
    const [first, second] = besidePeer([figure, figure], peerOf(''), answer);
    const { name, median, processor, ratio, note } = first.peers?.[0] ?? assert.fail();
    assert.deepEqual([name, median, processor, ratio, note], ['Other 1.2.3', 4, 5, 0.5, 'other work']);
    assert.equal(second.peers, undefined);
    assert.equal(besidePeer([first], peerOf(''), answer)[0].peers?.length, 2);
    assert.throws(() => besidePeer([], peerOf(''), answer), /1 figures, and the case has 0/);
  });

  it('shows it in a line of its own, and changes nothing where there is none', () => {
    const lines = figuresTable([...besidePeer([figure], peerOf(''), answer), figure]).split('\n');
    assert.match(lines[0], /goal +ours \/ peer +unit$/);
    assert.match(lines[1], /^an epoch +2\.00 +1\.00 – 3\.00 +s$/);
    assert.match(lines[2], /^ {2}Other 1\.2\.3 \[1\] +4\.00 +2\.00 – 9\.00 +5\.00 +0\.500 +s$/);
    assert.equal(lines[4], '[1] other work; 2 threads');
    assert.ok(!figuresTable([figure]).includes('peer'));
  });

  it('keeps our figures where a peer gives none', async () => {
    const bench = {
      ...cases[0],
      id: 'epoch',
      peers: [peerOf(script('process.exitCode = 1')), peerOf(script(echo))],
    };
    const own = { figures: [figure], peerInput: {} };
    const without = await runPeers(bench, own, {
      options,
      runtime: { reason: 'no Python' },
      log: () => undefined,
    });
    assert.deepEqual([without.figures, without.failed], [[figure], false]);
    assert.deepEqual(without.skipped[0], { case: 'epoch', peer: 'Other', reason: 'no Python' });
    const broken = { ...bench, peers: [peerOf(script('process.exitCode = 1'))] };
    const runtime = { python: process.execPath };
    const failed = await runPeers(broken, own, { options, runtime, log: () => undefined });
    assert.deepEqual([failed.figures, failed.failed, failed.skipped.length], [[figure], true, 1]);
  });

  it('ends a peer at Ctrl-C', async () => {
    const listeners = process.listenerCount('SIGINT');
    const mark = join(folder, 'started');
    const endless = run(`import { writeFileSync } from 'node:fs';
      writeFileSync(${JSON.stringify(mark)}, String(process.pid)); setInterval(() => undefined, 1000);`);
    const stopped = assert.rejects(endless, StoppedError);
    while (!existsSync(mark) || readFileSync(mark, 'utf8') === '')
      await new Promise((done) => setTimeout(done, 20));
    process.emit('SIGINT', 'SIGINT');
    await stopped;
    assert.throws(() => process.kill(Number(readFileSync(mark, 'utf8')), 0), /ESRCH/);
    assert.equal(process.listenerCount('SIGINT'), listeners);
  });

  describe('environment', () => {
    const signal = new AbortController().signal;

    /** A "Python" that writes down what it is asked. @param pip what it does as pip */
    const pythonThat = (pip: string): { candidates: string[]; asked: () => string[] } => {
      const [python, record] = [join(folder, 'python'), join(folder, 'record')];
      const lines = ['#!/bin/sh', `echo "$@" >> "${record}"`, 'case "$2" in'];
      writeFileSync(
        python,
        [...lines, 'venv) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;', `pip) ${pip} ;;`, 'esac'].join(
          '\n',
        ),
      );
      chmodSync(python, 0o755);
      return { candidates: [python], asked: () => readFileSync(record, 'utf8').trim().split('\n') };
    };
    const make = (candidates: string[], log: (text: string) => void = () => undefined): Promise<string> =>
      peerPython({ signal, candidates, parent: join(folder, 'cache'), log });

    it('is made once, whole, under the hash of its list', async () => {
      const { candidates, asked } = pythonThat('exit 0');
      const python = await make(candidates);
      assert.match(python, /cache[\\/][0-9a-f]{12}[\\/]bin[\\/]python$/);
      assert.ok(existsSync(python));
      const list = join(scriptFolder, 'requirements.txt');
      assert.ok(asked().at(-1)?.endsWith(`--no-deps --requirement ${list}`));
      const before = asked().length;
      assert.equal(await make(['/nowhere/python']), python);
      assert.equal(asked().length, before + 1); // asked for its version alone
      assert.deepEqual(readdirSync(join(folder, 'cache')).length, 1);
    });

    it('takes the larger build of torch where the small one cannot be had', async function () {
      if (process.platform !== 'linux' || process.arch !== 'x64') {
        console.log('skipped: pip brings CUDA on Linux on x86 only');
        this.skip();
      }
      const said: string[] = [];
      const { candidates, asked } = pythonThat('case "$*" in *--index-url*) exit 1 ;; esac');
      await make(candidates, (text) => said.push(text));
      assert.ok(asked().some((line) => /torch==\S+ --constraint/.test(line)));
      assert.ok(said.some((text) => text.includes('4 GB')));
    });

    it('leaves nothing where pip fails, and says why', async () => {
      const { candidates } = pythonThat('echo "ERROR: No matching distribution found" >&2; exit 1');
      await assert.rejects(
        make(candidates),
        /could not be made: it ended with code 1: ERROR: No matching distribution found$/,
      );
      assert.deepEqual(readdirSync(join(folder, 'cache')), []);
      await assert.rejects(make(['/nowhere/python']), /there is no Python 3\.11 or 3\.12/);
    });
  });

  it('has a script and a pinned package for each peer, and names them in the list of cases', () => {
    const pinned = readFileSync(join(scriptFolder, 'requirements.txt'), 'utf8');
    const table = casesTable(cases);
    const peers = cases.flatMap((bench) => bench.peers ?? []);
    assert.deepEqual([...new Set(peers.map(({ name }) => name))], ['RecTools', 'RecBole', 'torch']);
    for (const { name, package: wanted, script: file } of peers) {
      assert.ok(existsSync(join(scriptFolder, file)), file);
      assert.match(pinned, new RegExp(`^${wanted}==\\d`, 'm'));
      assert.ok(table.includes(name));
    }
    for (const line of pinned.split('\n').filter((one) => one && !one.startsWith('#')))
      assert.match(line, /^[\w.-]+==[\w.]+$/);
  });
});
