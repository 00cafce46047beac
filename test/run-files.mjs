/**
 * Runs the test files it is given and tells run.mjs of each test, by messages. The reason of a skipped test is what
 * follows "skipped: " in its title, or in what it printed before `this.skip()`.
 */
import { inspect } from 'node:util';
import Mocha from 'mocha';

const defaultTimeoutMs = 300_000;

/** Tells of each test; a mocha reporter. */
class Messenger {
  constructor(runner) {
    const titleOf = (test) => test.fullTitle();
    // A reason printed in a hook holds for all tests of its suite.
    for (const event of ['suite', 'test']) runner.on(event, () => (printedReason = undefined));
    runner.on('test', (test) => process.send({ event: 'start', title: titleOf(test) }));
    runner.on('pass', (test) => process.send({ event: 'pass', title: titleOf(test) }));
    runner.on('fail', (test, error) =>
      process.send({ event: 'fail', title: titleOf(test), error: describe(error) }),
    );
    runner.on('pending', (test) =>
      process.send({ event: 'skip', title: titleOf(test), reason: reasonOf(test) }),
    );
  }
}

/** What the test or hook that runs has printed after "skipped: ". */
let printedReason;
const { log } = console;
console.log = (...values) => {
  const reason = /^\s*skipped: (.*)$/s.exec(values.join(' '))?.[1];
  if (reason) printedReason = reason;
  else log(...values);
};

function reasonOf(test) {
  const inTitle = /skipped: (.*?)\)?$/.exec(test.title)?.[1];
  return inTitle ?? printedReason ?? `no reason given in ${test.file}`;
}

function describe(error) {
  if (!(error instanceof Error)) return inspect(error);
  return error.stack ?? error.message;
}

const mocha = new Mocha({ timeout: defaultTimeoutMs, reporter: Messenger });
for (const file of process.argv.slice(2)) mocha.addFile(file);
try {
  await mocha.loadFilesAsync();
  mocha.run(end);
} catch (error) {
  process.send({ event: 'fail', title: 'loading the test files', error: describe(error) });
  end();
}

function end() {
  process.send({ event: 'end' }, () => process.disconnect());
}
