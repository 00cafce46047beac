/** R4ec with a tuned actor and reflector, from data to result, on the embedded model. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import { type StoredText, UsageError } from '@coco-rec/core';
import { cacheFolder } from '@coco-rec/llm';
import { Extraction, type ExtractionStep, type PlainConfig, createRecommender } from '@coco-rec/standard';
import { type Histories, smallConfig, smallShop, temporaryFolder, writeShop } from './support/small-run.js';
import { startTestEngine } from './support/engine.js';

const prompts = (name: string): string =>
  fileURLToPath(new URL(`../prompts/${name}.liquid`, import.meta.url));

/** Short prompts that the embedded model goes on with. */
const templates = Object.fromEntries(
  ['user', 'item'].flatMap((side) => [
    ...['thinking', 'target-thinking'].map((step) => [`${side}-${step}`, prompts(side === 'user' ? 'history' : 'item')]), // prettier-ignore
    ...['judgement', 'critique', 'refinement', 'target-critique', 'target-refinement'].map((step) => [
      `${side}-${step}`,
      prompts('answer'),
    ]),
    [`${side}-target-verdict`, prompts('choice')],
  ]),
);

const r4ec = {
  id: 'r4ec',
  ...{ users: 2, answerTokens: 6, shownItems: 3, textWidth: 4, templates },
  ...{ specificExperts: 1, expertHidden: 4, expertWidth: 4 },
  tuning: { users: 8, rank: 2, batchSize: 16, epochs: 1 },
};

describe('r4ec with tuned models', function () {
  this.timeout(600_000);
  const { folder, remove } = temporaryFolder();
  const { COCO_CACHE } = process.env;
  let runs = 0;
  let config: PlainConfig;

  const configOf = async (histories: Histories, fusion: object = r4ec): Promise<PlainConfig> => {
    const name = `shop${++runs}`;
    const data = await writeShop(folder, name, histories);
    const small = smallConfig(data, 'r4ec', join(folder, `run-${name}`), { epochs: 2, warmEpochs: 1 });
    return { ...small, knowledge: { id: 'tiny' }, fusion };
  };

  /** What one `extract` did: tasks that were reported, what is stored then, and the steps of `status`. */
  const extract = async (
    from: PlainConfig,
  ): Promise<{ tasks: string[]; stored: Record<string, string>; steps: ExtractionStep[] }> => {
    const tasks = new Set<string>();
    const progress = { report: (task: string) => void tasks.add(task), log: () => undefined };
    const extraction = await Extraction.open(from, { progress });
    try {
      const { numTensors } = tf.memory();
      await extraction.run();
      assert.equal(tf.memory().numTensors, numTensors, 'tuned weights are left behind');
      return { tasks: [...tasks], stored: storedFiles(), steps: await extraction.status() };
    } finally {
      extraction.dispose();
    }
  };

  /** The texts by key, and the hashes of the LoRA weights. A prompt without answer, which may be asked again, is left out. */
  const storedFiles = (): Record<string, string> => {
    const store = join(folder, 'cache', 'knowledge');
    const weights = readdirSync(join(store, 'lora')).map((name) => {
      const bytes = readFileSync(join(store, 'lora', name));
      return [name, createHash('sha256').update(bytes).digest('hex')];
    });
    const lines = readFileSync(join(store, 'texts.jsonl'), 'utf8').split('\n').filter(Boolean);
    const records = lines.map((line) => JSON.parse(line.slice(9)) as StoredText);
    const texts = records.flatMap(({ key, model, text }) =>
      text === undefined ? [] : [[key, `${model}: ${text}`]],
    );
    return Object.fromEntries([...weights, ...texts]) as Record<string, string>;
  };

  before(async () => {
    await startTestEngine();
    const [engines, cache] = [join(cacheFolder(), 'engine'), join(folder, 'cache')];
    mkdirSync(cache);
    if (existsSync(engines)) symlinkSync(engines, join(cache, 'engine')); // texts of its own, the engine as it is
    process.env.COCO_CACHE = cache;
    config = await configOf(smallShop());
  });
  after(() => {
    if (COCO_CACHE === undefined) delete process.env.COCO_CACHE;
    else process.env.COCO_CACHE = COCO_CACHE;
    remove();
  });

  let first: Awaited<ReturnType<typeof extract>>;

  it('builds pairs, tunes four models, and writes by them', async () => {
    first = await extract(config);
    const tunings = first.tasks.filter((task) => /tuning the/.test(task));
    assert.deepEqual(tunings, [
      'r4ec: users, tuning the actor',
      'r4ec: users, tuning the reflector',
      'r4ec: items, tuning the actor',
      'r4ec: items, tuning the reflector',
    ]);
    assert.equal(Object.keys(first.stored).filter((name) => /\.safetensors$/.test(name)).length, 4);
    assert.ok(Object.values(first.stored).some((text) => text.startsWith('tiny+lora: ')));
    const thinking = first.steps.find(({ step }) => step === 'r4ec: users, thinking');
    assert.ok(thinking && thinking.texts > 0 && thinking.written + thinking.failed === thinking.texts);
    assert.ok(
      first.steps.every(({ waiting }) => waiting === 0),
      'status knows the tuned models',
    );
  });

  it('tunes and asks nothing a second time, neither in training, whose result says what it was tuned on', async () => {
    const tasks: string[] = [];
    const progress = { report: (task: string) => void tasks.push(task), log: () => undefined };
    const recommender = createRecommender(config, { progress });
    const { training } = await recommender.fit();
    recommender.dispose();
    assert.match(
      String(training.fusion),
      /^tuned by LoRA on \d+ pairs \(users: actor [1-9]\d*, reflector [1-9]\d*; items: actor [1-9]/,
    );
    const asked = tasks.filter((task) => task.startsWith('r4ec: '));
    assert.deepEqual(asked, []);
    assert.deepEqual(storedFiles(), first.stored);
  });

  it('has seen no validation and no test item: with others, all texts and weights are those that are stored', async () => {
    const swapped = new Map(
      [...smallShop()].map(([user, history]) => [user, [...history.slice(0, -2), ...history.slice(-2).reverse()]]), // prettier-ignore
    );
    const again = await extract(await configOf(swapped));
    assert.ok(!again.tasks.some((task) => /tuning the/.test(task)));
    assert.deepEqual(again.stored, first.stored);
    const earlier = new Map(
      [...smallShop()].map(([user, history]) => [user, [...history.slice(0, -3).reverse(), ...history.slice(-3)]]), // prettier-ignore
    );
    const other = await extract(await configOf(earlier));
    assert.ok(
      other.tasks.some((task) => /tuning the/.test(task)),
      'other histories, other pairs',
    );
  });

  it('is refused where the model cannot be tuned, with those that can; without tuning it says that it is prompt-only', async () => {
    const hosted = { id: 'openai', baseUrl: 'http://localhost:9', model: 'm' };
    for (const [knowledge, id] of [
      [hosted, 'openai'],
      [{ id: 'llama-cpp', model: 'm.gguf' }, 'llama-cpp'],
    ] as const) {
      await assert.rejects(Extraction.open({ ...config, knowledge }), (error: Error) => {
        assert.ok(error instanceof UsageError);
        const needs = `needs a language model that can be tuned (tune); "${id}" cannot. These would do: tiny, local.`;
        assert.equal(error.message, `Fusion "r4ec" ${needs}`);
        return true;
      });
    }
    const { tuning: _tuning, ...plain } = r4ec;
    const recommender = createRecommender(await configOf(smallShop(), { ...plain, rounds: 0 }));
    const { training } = await recommender.fit();
    recommender.dispose();
    assert.match(String(training.fusion), /^prompt-only/);
  });
});
