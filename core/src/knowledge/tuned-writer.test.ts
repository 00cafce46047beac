import assert from 'node:assert/strict';
import type { GenerateOptions, KnowledgeLLM } from '../specification/knowledge-llm.js';
import type { TextPrompt } from '../specification/text-writer.js';
import type { TunedLLM, TuningConfig, TuningPair } from '../specification/tuning.js';
import { testHasher } from '../testing/test-dataset.js';
import { MemoryTextStore } from './memory-text-store.js';
import { StoredTextWriter } from './stored-text-writer.js';
import { TextLedger } from './text-ledger.js';
import { tunedHash } from './tuned-hash.js';

const config: TuningConfig = {
  rank: 2,
  alpha: 4,
  dropout: 0,
  learningRate: 0.1,
  epochs: 1,
  batchSize: 4,
  maxTokens: 99,
  seed: 1,
};

/** Knows by heart what it was tuned on, and says "?" to all else. */
class Parrot implements TunedLLM {
  readonly specVersion = 'v1';
  readonly id: string = 'parrot';
  readonly capabilities = { encode: false, generate: true, differentiable: false, tune: true };
  readonly hiddenSize = 1;
  readonly sent: string[] = [];
  tunings = 0;
  disposed = 0;

  constructor(
    readonly contentHash = 'hash',
    private readonly pairs: readonly TuningPair[] = [],
    private readonly base?: Parrot,
  ) {}

  get pairCount(): number {
    return this.pairs.length;
  }

  async generate(prompts: readonly string[], { onAnswer }: GenerateOptions): Promise<string[]> {
    const answers = prompts.map((prompt) => this.pairs.find((pair) => pair.prompt === prompt)?.answer ?? '?');
    this.sent.push(...prompts);
    for (const [index, text] of answers.entries())
      await onAnswer?.(index, { text, promptTokens: 1, answerTokens: 1, cost: 0 });
    return answers;
  }

  tune(pairs: readonly TuningPair[], settings: TuningConfig): Promise<TunedLLM> {
    this.tunings++;
    return Promise.resolve(new Parrot(tunedHash(this.contentHash, pairs, settings, testHasher), pairs, this));
  }

  dispose(): void {
    if (this.base) this.base.disposed++;
  }
}

const silent = { report: () => undefined, log: () => undefined };
const prompt = (text: string): TextPrompt => ({ text, template: 'test 1', instructions: '', shown: {} });
const asked = [prompt('a'), prompt('b')];
const pairs = [{ prompt: 'a', answer: 'one' }];
const maxTokens = 9;

describe('A tuned writer', () => {
  const texts = new MemoryTextStore();
  const parrot = new Parrot();
  const writer = new StoredTextWriter({ knowledge: parrot, store: texts, hasher: testHasher, progress: silent }); // prettier-ignore
  const ledger = (): TextLedger => new TextLedger({ knowledge: parrot, store: texts, hasher: testHasher });

  it('asks the tuned model, under keys of its own, and frees it', async () => {
    const plain = await writer.write('plain', asked, { maxTokens });
    const tuned = await writer.tuned('tuning', pairs, config);
    const written = await tuned.write('tuned', asked, { maxTokens });
    assert.deepEqual(
      [plain, written].map((list) => list.map(({ text }) => text)),
      [
        ['?', '?'],
        ['one', '?'],
      ],
    );
    assert.deepEqual([tuned.pairCount, parrot.sent, parrot.disposed], [1, ['a', 'b'], 0]);
    tuned.dispose();
    assert.equal(parrot.disposed, 1);
  });

  it('is refused where the model cannot be tuned, and where there is nothing to tune on', async () => {
    const mute: KnowledgeLLM = { ...parrot, tune: undefined, dispose: () => undefined };
    const other = new StoredTextWriter({ knowledge: mute, store: texts, hasher: testHasher, progress: silent }); // prettier-ignore
    await assert.rejects(other.tuned('tuning', pairs, config), /"parrot" cannot be tuned/);
    await assert.rejects(writer.tuned('actor', [], config), /actor: the answers gave no pair/);
    await assert.rejects(writer.tuned('actor', undefined, config), /actor: .* not there/);
  });

  it('is looked up without tuning: written under the same pairs and settings, missing under others', async () => {
    const before = parrot.tunings;
    const look = async (on: readonly TuningPair[] | undefined, how = config): Promise<unknown[]> => {
      const book = ledger();
      const tuned = await book.tuned('tuning', on, how);
      const found = await tuned.write('tuned', asked, { maxTokens });
      assert.deepEqual(
        book.entries.map(({ record }) => record?.text),
        found.map(({ text, isTentative }) => (isTentative ? undefined : text)),
      );
      return book.entries.map(({ record, waits }) => record?.text ?? (waits ? 'waits' : 'missing'));
    };
    assert.deepEqual(await look(pairs), ['one', '?']);
    assert.deepEqual(await look(pairs, { ...config, epochs: 2 }), ['missing', 'missing']);
    assert.deepEqual(await look([{ prompt: 'a', answer: 'two' }]), ['missing', 'missing']);
    assert.deepEqual(await look(undefined), ['waits', 'waits']);
    assert.equal(parrot.tunings, before);
  });

  it('counts what waits in two steps twice: it is alike by its stand-in only', async () => {
    const book = ledger();
    const unknown = prompt('not written before');
    const [{ text = '' }] = await book.write('first', [unknown, unknown], { maxTokens });
    for (const step of ['second', 'third'])
      await book.write(step, [prompt(`on ${text}`), prompt(`on ${text}`)], { maxTokens });
    assert.deepEqual(
      book.entries.map(({ step, waits }) => [step, waits]),
      [
        ['first', false],
        ['second', true],
        ['third', true],
      ],
    );
  });

  it('has a hash that hangs on base, pairs, their order and each setting', () => {
    const both = [...pairs, { prompt: 'b', answer: 'two' }];
    const hashes = [
      tunedHash('hash', both, config, testHasher),
      tunedHash('other', both, config, testHasher),
      tunedHash('hash', pairs, config, testHasher),
      tunedHash('hash', [...both].reverse(), config, testHasher),
      ...Object.entries(config).map(([key, value]) =>
        tunedHash('hash', both, { ...config, [key]: Number(value) + 1 }, testHasher),
      ),
    ];
    assert.equal(new Set(hashes).size, 4 + Object.keys(config).length);
  });
});
