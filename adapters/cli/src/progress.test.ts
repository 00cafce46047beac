import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { describe, it } from 'mocha';
import { BarProgress } from './bar-progress.js';
import { LineProgress } from './line-progress.js';
import { TaskClock, percentText } from './task-clock.js';

describe('progress lines', () => {
  function make(): { progress: LineProgress; lines: string[]; pass(milliseconds: number): void } {
    const lines: string[] = [];
    let time = 0;
    const progress = new LineProgress({ write: (line) => lines.push(line), now: () => time });
    return { progress, lines, pass: (milliseconds) => (time += milliseconds) };
  }

  it('writes at most one line of a task in five seconds, with share, elapsed and left', () => {
    const { progress, lines, pass } = make();
    for (let step = 0; step <= 100; step++) {
      progress.report('warm sasrec', step, 100, 'loss 6.81');
      pass(100);
    }
    assert.deepEqual(lines, [
      'warm sasrec: 50 %, elapsed 5.0 s, about 5.0 s left; loss 6.81',
      'warm sasrec: 100 %, elapsed 10 s; loss 6.81',
    ]);
  });

  it('writes nothing of short tasks and everything that is logged', () => {
    const { progress, lines } = make();
    progress.report('test ranking', 0, 2);
    progress.report('test ranking', 2, 2);
    progress.log('a\u001b[31m\nb');
    assert.deepEqual(lines, ['a[31m b']);
  });

  it('starts the clock anew when a task of the same name starts again', () => {
    const { progress, lines, pass } = make();
    progress.report('ranking', 90, 100);
    pass(60_000);
    progress.report('ranking', 10, 100);
    pass(6000);
    progress.report('ranking', 40, 100);
    assert.deepEqual(lines, ['ranking: 40 %, elapsed 6.0 s, about 12 s left']);
  });
});

describe('progress bars', () => {
  it('have share, time and note, lose no line that is logged, and give the cursor back', () => {
    const stream = Object.assign(new PassThrough(), { isTTY: true, columns: 120 });
    const progress = new BarProgress(stream);
    progress.log('before any bar');
    progress.report('warm sasrec', 1, 4, 'loss 6.81');
    progress.log('beside\u001b[31m a bar');
    progress.report('warm sasrec', 4, 4, 'loss 6.80');
    progress.log('after the last bar');
    progress.close();
    const text = String(stream.read());
    for (const line of ['before any bar', 'beside[31m a bar', 'after the last bar'])
      assert.ok(text.includes(line), line);
    assert.match(text, /warm sasrec █+░+ 25 % \| elapsed 0\.\d s \| loss 6\.81/);
    assert.ok(text.lastIndexOf('\u001b[?25h') > text.lastIndexOf('\u001b[?25l'), 'the cursor is hidden');
  });
});

describe('TaskClock', () => {
  it('reckons the pace of a resumed task from where it went on', () => {
    let time = 0;
    const clock = new TaskClock(() => time);
    clock.text(80, 100);
    time = 10_000;
    assert.equal(clock.text(90, 100), 'elapsed 10 s, about 10 s left');
  });
});

describe('percentText', () => {
  it('says 100 at the end only', () => {
    assert.deepEqual(
      [percentText(999, 1000), percentText(1000, 1000), percentText(0, 0)],
      ['99 %', '100 %', '100 %'],
    );
  });
});
