import assert from 'node:assert/strict';
import { FileKnowledgeStore } from './knowledge-store.js';
import { LocalConfig, createLocal } from './local.js';
import type { LocalLLM } from './local-llm.js';
import { rejectsPlainly } from './testing/complaints.js';
import { testContext } from './testing/context.js';
import { closeTo, farFrom, statesOf } from './testing/states.js';
import { startTestEngine } from './testing/test-engine.js';
import { TemporaryFolder } from './testing/temporary-folder.js';
import { writeTinyFolder } from './testing/tiny-llama.js';

const H = 8;
const prompt = 'the "{text}" is';

describe('views of a text', () => {
  const folder = new TemporaryFolder();
  let model = '';
  const opened: LocalLLM[] = [];

  const open = async (changes: Partial<LocalConfig>, context = testContext()): Promise<LocalLLM> => {
    const config = Object.assign(new LocalConfig(), { model, viewPrompt: prompt, ...changes });
    const llm = await createLocal('local', model, config, context);
    opened.push(llm);
    return llm;
  };
  const viewsOf = async (llm: LocalLLM, texts: readonly string[]): Promise<Float32Array> =>
    (await llm.views?.encode(texts)) ?? new Float32Array();

  before(async () => {
    await startTestEngine();
    model = writeTinyFolder(folder.at('model'));
  });
  afterEach(() => {
    for (const llm of opened.splice(0)) llm.dispose();
  });
  after(() => folder.remove());

  it('are the states of models cut at their depths: the text’s own mean, the last one', async () => {
    const views = ['last@1', 'mean', 'mean@1'];
    const llm = await open({ views, layers: 1 });
    assert.equal(llm.views?.count, 3);
    const text = 'a warm tent';
    const vectors = await viewsOf(llm, [text]);
    for (const [v, depth] of [1, 2, 1].entries()) {
      const { decoder } = await open({ layers: depth });
      const [before, own, after] = ['the "', text, '" is'].map((part) => decoder.tokenize(part));
      const states = statesOf(decoder, [...before, ...own, ...after]);
      const mean = Float32Array.from({ length: H }, (_, h) =>
        own.reduce((sum, _, t) => sum + states[(before.length + t) * H + h] / own.length, 0),
      );
      closeTo(vectors.subarray(v * H, (v + 1) * H), v === 0 ? states.subarray(-H) : mean, 1e-5);
    }
  });

  it('are the same in whatever company, and zero for the empty text', async () => {
    const llm = await open({ views: ['mean', 'last'] });
    const texts = ['soap', '', 'tents for the warm, warm night', 'the tent'];
    const together = await viewsOf(llm, texts);
    for (const [i, text] of texts.entries()) {
      const own = together.subarray(2 * i * H, 2 * (i + 1) * H);
      closeTo(await viewsOf(llm, [text]), own, 1e-5);
      if (text === '') assert.deepEqual([...own], Array(2 * H).fill(0));
      else farFrom(own, new Float32Array(2 * H), 0.1);
    }
  });

  it('are read once: no model is opened for what is stored; another prompt or view is read anew', async () => {
    const context = testContext(new FileKnowledgeStore(folder.at('store')));
    const first = await open({ views: ['mean', 'last'] }, context);
    const vectors = await viewsOf(first, ['soap', 'a warm tent']);
    const again = await open({ views: ['mean', 'last'] }, context);
    const { options } = again.views as unknown as { options: object };
    Object.assign(options, { open: () => assert.fail('a model was opened for stored texts') });
    assert.deepEqual(await viewsOf(again, ['soap', 'a warm tent']), vectors);
    const others = [
      { views: ['last', 'mean'] },
      { views: ['mean', 'last'], viewPrompt: '{text}' },
      { views: ['mean', 'last'], randomWeights: true },
    ];
    for (const changes of others) {
      const other = await open(changes, context);
      farFrom(await viewsOf(other, ['soap', 'a warm tent']), vectors, 0.01);
    }
  });

  it('none by default', async () => {
    assert.equal((await open({})).views, undefined);
  });

  it('says which depth the model has not', async () => {
    await rejectsPlainly(() => open({ views: ['mean', 'last@9'] }), /"last@9"; .* has 2 blocks/);
  });
});
