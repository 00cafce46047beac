import assert from 'node:assert/strict';
import type { GenerateOptions, KnowledgeLLM } from '../specification/knowledge-llm.js';
import type { StoredText } from '../specification/ports.js';
import type { TextPrompt } from '../specification/text-writer.js';
import { testHasher } from '../testing/test-dataset.js';
import { isEmptyAnswer } from './empty-answer.js';
import { repeatsInstructions } from './instruction-echo.js';
import { MemoryTextStore } from './memory-text-store.js';
import { StoredTextWriter, type StoredTextWriterOptions } from './stored-text-writer.js';
import { textKey } from './text-key.js';
import { TextLedger } from './text-ledger.js';

/** Answers each prompt with its own words backwards; counts what it is sent. */
class BackwardsLLM implements KnowledgeLLM {
  readonly specVersion = 'v1';
  readonly id = 'backwards';
  readonly capabilities = { encode: false, generate: true, differentiable: false };
  readonly hiddenSize = 1;
  readonly sent: string[] = [];
  /** Prompts that fail, and for how many more times. */
  readonly failing = new Map<string, number>();
  /** Ends a call, as a crash does, after so many answers. */
  dieAfter = Infinity;

  constructor(
    readonly contentHash = 'hash',
    readonly price = 0,
  ) {}

  async generate(prompts: readonly string[], options: GenerateOptions): Promise<string[]> {
    let answered = 0;
    for (const [index, prompt] of prompts.entries()) {
      if (answered++ >= this.dieAfter) throw new Error('died');
      this.sent.push(prompt);
      const failures = this.failing.get(prompt) ?? 0;
      this.failing.set(prompt, failures - 1);
      const failure = { cost: this.price, kind: prompt === 'dumb' ? ('empty' as const) : undefined };
      if (failures > 0) await options.onFailure?.(index, 'the server said 500', failure);
      else await options.onAnswer?.(index, this.answer(prompt));
    }
    return prompts.map((prompt) => this.answer(prompt).text);
  }

  private answer(prompt: string): { text: string; promptTokens: number; answerTokens: number; cost: number } {
    const words = prompt.split(' ');
    const text = prompt === 'mute' ? ' \n' : words.reverse().join(' ');
    return { text, promptTokens: words.length, answerTokens: words.length, cost: this.price };
  }

  async forecast(
    prompts: readonly string[],
    { maxTokens }: { maxTokens: number },
  ): Promise<{ requests: number; promptTokens: number; answerTokens: number; cost: number }> {
    const promptTokens = prompts.reduce((sum, prompt) => sum + prompt.split(' ').length, 0);
    const requests = prompts.length;
    return { requests, promptTokens, answerTokens: requests * maxTokens, cost: requests * this.price };
  }

  dispose(): void {}
}

const prompt = (text: string, template = 'test 1', user?: string): TextPrompt => ({
  text,
  template,
  instructions: text,
  shown: user === undefined ? {} : { user, shownUntil: 3 },
});

function open(more: Partial<StoredTextWriterOptions> = {}): {
  llm: BackwardsLLM;
  store: MemoryTextStore;
  log: string[];
  notes: string[];
  writer: StoredTextWriter;
} {
  const llm = (more.knowledge as BackwardsLLM | undefined) ?? new BackwardsLLM();
  const store = (more.store as MemoryTextStore | undefined) ?? new MemoryTextStore();
  const [log, notes]: [string[], string[]] = [[], []];
  const progress = {
    report: (_name: string, _done: number, _total: number, note = '') => notes.push(note),
    log: (line: string) => log.push(line),
  };
  const writer = new StoredTextWriter({ hasher: testHasher, progress, ...more, knowledge: llm, store });
  return { llm, store, log, notes, writer };
}

const texts = (written: readonly { text?: string }[]): unknown[] => written.map(({ text }) => text);
const maxTokens = 9;

describe('StoredTextWriter', () => {
  it('asks once for what is asked twice, keeps who asked, and sends nothing that is stored', async () => {
    const { llm, store, writer } = open();
    const asked = [prompt('a b', 'test 1', 'u1'), prompt('c'), prompt('a b', 'test 1', 'u2')];
    const first = await writer.write('step', asked, { maxTokens });
    assert.deepEqual(texts(first), ['b a', 'c', 'b a']);
    assert.deepEqual(
      first.map(({ shown }) => shown.user),
      ['u1', undefined, 'u2'],
    );
    assert.deepEqual(llm.sent, ['a b', 'c']);
    const again = open({ knowledge: llm, store });
    assert.deepEqual(texts(await again.writer.write('step', asked, { maxTokens })), ['b a', 'c', 'b a']);
    assert.equal(llm.sent.length, 2);
  });

  it('asks anew for another template, version, length or model', async () => {
    const { llm, store, writer } = open();
    await writer.write('step', [prompt('a')], { maxTokens });
    await writer.write('step', [prompt('a', 'test 2')], { maxTokens });
    await writer.write('step', [prompt('a', 'test 2')], { maxTokens: 8 });
    assert.equal(llm.sent.length, 3);
    const other = open({ knowledge: new BackwardsLLM('other'), store });
    await other.writer.write('step', [prompt('a')], { maxTokens });
    assert.equal(other.llm.sent.length, 1);
  });

  it('loses nothing that was answered when the model dies, and goes on', async () => {
    const { llm, writer } = open();
    const asked = ['a', 'b', 'c', 'd', 'e'].map((text) => prompt(text));
    llm.dieAfter = 2;
    await assert.rejects(writer.write('step', asked, { maxTokens }), /died/);
    llm.dieAfter = Infinity;
    assert.deepEqual(texts(await writer.write('step', asked, { maxTokens })), ['a', 'b', 'c', 'd', 'e']);
    assert.deepEqual(llm.sent, ['a', 'b', 'c', 'd', 'e']);
  });

  it('tries a failure again, then says so; a later run asks it once more unless told not to', async () => {
    const { llm, store, log, writer } = open({ retries: 2 });
    llm.failing.set('once', 1).set('always', 99);
    const asked = [prompt('once'), prompt('always'), prompt('mute')];
    const written = await writer.write('step', asked, { maxTokens });
    assert.deepEqual(texts(written), ['once', undefined, undefined]);
    assert.deepEqual(
      written.map(({ failure }) => failure),
      [undefined, 'the server said 500', 'the answer is empty'],
    );
    assert.deepEqual(llm.sent.filter((text) => text === 'once').length, 2);
    assert.deepEqual(llm.sent.filter((text) => text === 'always').length, 3);
    assert.match(log.join(), /step: 2 of 3 prompts have no answer/);
    const sent = llm.sent.length;
    await open({ knowledge: llm, store, retryStored: false }).writer.write('step', asked, { maxTokens });
    assert.equal(llm.sent.length, sent);
    llm.failing.set('always', 0);
    const later = await open({ knowledge: llm, store }).writer.write('step', asked, { maxTokens });
    assert.equal(later[1].text, 'always');
  });

  it('keeps what failed tries cost, in this run and earlier ones, and what kind of failure it was', async () => {
    const { llm, store, notes, writer } = open({ knowledge: new BackwardsLLM('hash', 0.5) });
    llm.failing.set('twice', 2).set('dumb', 99);
    const asked = [prompt('twice'), prompt('dumb'), prompt('mute')];
    const written = await writer.write('step', asked, { maxTokens });
    assert.deepEqual(written.map(({ failureKind }) => failureKind), [undefined, 'empty', 'empty']); // prettier-ignore
    assert.match(notes.at(-1) ?? '', /, \$3\.0000 spent$/);
    const costs = async (): Promise<(number | undefined)[]> => {
      const keys = asked.map((one) => textKey({ prompt: one, knowledge: llm, maxTokens }, testHasher));
      return (await store.get(keys)).map((record) => record?.cost);
    };
    assert.deepEqual(await costs(), [1, 1, 1]);
    await open({ knowledge: llm, store, retries: 0 }).writer.write('step', asked, { maxTokens });
    assert.deepEqual(await costs(), [1.5, 1.5, 1.5]);
    const ledger = new TextLedger({ knowledge: llm, store, hasher: testHasher });
    const [, dumb] = await ledger.write('step', asked, { maxTokens });
    assert.equal(dumb.failureKind, 'empty');
  });

  it('sends nothing that costs money where only free texts are allowed', async () => {
    const { llm, writer } = open({ knowledge: new BackwardsLLM('hash', 0.5), freeOnly: true });
    const paid = writer.write('preferences', [prompt('a'), prompt('b')], { maxTokens });
    await assert.rejects(
      paid,
      /preferences: 2 texts are not stored yet and would cost up to \$1\.00.*extract/,
    );
    assert.deepEqual(llm.sent, []);
    const unpriced = new (class extends BackwardsLLM {
      readonly hosted = true;
    })();
    const unknown = open({ knowledge: unpriced, freeOnly: true });
    const maybe = unknown.writer.write('preferences', [prompt('a')], { maxTokens });
    await assert.rejects(maybe, /1 texts are not stored yet and come from a service that may charge/);
    assert.deepEqual(unpriced.sent, []);
    const free = open({ freeOnly: true });
    assert.deepEqual(texts(await free.writer.write('step', [prompt('a')], { maxTokens })), ['a']);
  });

  it('reports rate and spend, and flags an answer that repeats its instructions', async () => {
    const { notes, writer } = open({ knowledge: new BackwardsLLM('hash', 0.25) });
    const palindrome = 'one two three four five four three two one';
    const [odd, good] = await writer.write('step', [prompt(palindrome), prompt('a b c')], { maxTokens });
    assert.deepEqual([odd.flags, good.flags], [['echo'], []]);
    assert.match(notes[1], /^[\d.e+]+ a minute, \$0\.5000 spent$/);
  });
});

describe('TextLedger', () => {
  it('counts what is stored, failed and missing, and what hangs on it, and sends nothing', async () => {
    const { llm, store, writer } = open({ knowledge: new BackwardsLLM('hash', 2), retries: 0 });
    llm.failing.set('bad', 1);
    await writer.write('first', [prompt('good'), prompt('bad')], { maxTokens });
    const sent = llm.sent.length;
    const ledger = new TextLedger({ knowledge: llm, store, hasher: testHasher });
    const first = await ledger.write('first', ['good', 'bad', 'new', 'new'].map((text) => prompt(text)), { maxTokens }); // prettier-ignore
    assert.deepEqual(
      first.map(({ text, isTentative = false }) => [text === undefined, isTentative]),
      [[false, false], [true, false], [false, true], [false, true]], // prettier-ignore
    );
    await ledger.write('second', [prompt(`more on ${first[2].text}`)], { maxTokens });
    assert.deepEqual(
      ledger.entries.map(({ step, record, waits }) => [step, record?.text ?? record?.failure, waits]),
      [
        ['first', 'good', false],
        ['first', 'the server said 500', false],
        ['first', undefined, false],
        ['second', undefined, true],
      ],
    );
    const forecast = await ledger.forecast();
    assert.deepEqual(forecast.get('first'), { requests: 2, promptTokens: 2, answerTokens: 18, cost: 4 });
    assert.ok(
      (forecast.get('second')?.promptTokens ?? 0) > maxTokens,
      'the stand-in has the length of an answer',
    );
    assert.equal(llm.sent.length, sent);
  });
});

describe('isEmptyAnswer', () => {
  it('knows the kind, and the words of records of older versions', () => {
    const failures: [string, boolean][] = [
      ['the answer is empty', true],
      ['The answer is empty.', true],
      ['api.example.org: the answer is empty, after 2 retries.', true],
      ['127.0.0.1:8080: the answer is empty.', true],
      ['api.example.org: it answered 500: the answer is empty.', false],
      ['the server said 500', false],
    ];
    for (const [failure, isEmpty] of failures) assert.equal(isEmptyAnswer({ failure }), isEmpty, failure);
    assert.ok(isEmptyAnswer({ failure: 'no word', failureKind: 'empty' }));
    assert.ok(!isEmptyAnswer({ text: 'so' }));
  });
});

describe('repeatsInstructions', () => {
  const instructions = 'Say in a few sentences what this customer likes, and what comes next.';

  it('hears eight words in a row, whatever their case and commas', () => {
    assert.ok(repeatsInstructions('OK: say in a few sentences, WHAT this customer…', instructions));
    assert.ok(!repeatsInstructions('Say in a few sentences what this person likes', instructions));
    assert.ok(repeatsInstructions('list the factors', 'List the factors!'));
    assert.ok(!repeatsInstructions('anything', ''));
  });
});

const record = (key: string, more: Partial<StoredText>): StoredText => ({
  key,
  template: 'test 1',
  model: 'm',
  shown: {},
  flags: [],
  promptTokens: 1,
  answerTokens: 1,
  cost: 0,
  ...more,
});

describe('MemoryTextStore', () => {
  it('gives what was put last', async () => {
    const store = new MemoryTextStore();
    await store.put(record('a', { failure: 'no' }));
    await store.put(record('a', { text: 'yes' }));
    assert.deepEqual(await store.get(['a', 'b']), [record('a', { text: 'yes' }), undefined]);
  });
});
