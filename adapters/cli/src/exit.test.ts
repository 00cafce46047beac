import assert from 'node:assert/strict';
import { CommanderError } from 'commander';
import { describe, it } from 'mocha';
import { CocoError, StoppedError, UsageError } from '@coco-rec/core';
import { errorLine, exitCodeOf } from './exit.js';

describe('exit codes', () => {
  it('are 1 for failures, 2 for wrong use, 130 for a stop', () => {
    assert.equal(exitCodeOf(new CocoError('x'), false), 1);
    assert.equal(exitCodeOf(new UsageError('x'), false), 2);
    assert.equal(exitCodeOf(new StoppedError('x'), true), 130);
    assert.equal(exitCodeOf(new TypeError('x'), false), 1);
    assert.equal(exitCodeOf(new CommanderError(1, 'commander.unknownOption', 'x'), false), 2);
    assert.equal(exitCodeOf(new CommanderError(0, 'commander.version', 'x'), false), 0);
  });

  it('are 130 for a broken-off request only after Ctrl-C', () => {
    const broken = new DOMException('The operation was aborted', 'AbortError');
    assert.equal(exitCodeOf(broken, true), 130);
    assert.equal(exitCodeOf(broken, false), 1);
  });
});

describe('errorLine', () => {
  it('is one line, with a hint where the error was not meant for people', () => {
    assert.equal(errorLine(new CocoError('There is\n  no file.')), 'coco: There is no file.');
    assert.equal(
      errorLine(new TypeError('x is undefined')),
      'coco: Unexpected error: x is undefined. Set COCO_DEBUG=1 to see where it came from.',
    );
  });
});
