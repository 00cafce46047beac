import assert from 'node:assert/strict';
import { FileKnowledgeStore } from '../knowledge-store.js';
import { rejectsPlainly } from '../testing/complaints.js';
import { TemporaryFolder } from '../testing/temporary-folder.js';
import type { LlamaCppLLM } from './llama-cpp-llm.js';
import { openSmolLM2, whyNoLlama } from './testing/smollm2.js';

describe('llama-cpp', function () {
  this.timeout(120_000);
  const folder = new TemporaryFolder();
  let llm: LlamaCppLLM;

  before(async function () {
    const reason = await whyNoLlama();
    if (reason !== undefined) {
      console.log(`      skipped: ${reason}`);
      this.skip();
    }
    llm = await openSmolLM2({ sequences: 3, contextSize: 256, chat: false });
  });
  after(() => {
    folder.remove();
    llm?.dispose();
  });

  it('answers many prompts at once as one after another, in the order of the prompts', async () => {
    const prompts = ['One, two,', '', 'Monday, Tuesday,', 'January, February,', 'a, b,', 'red, green,'];
    const told: number[] = [];
    const onAnswer = (index: number): void => void told.push(index);
    const together = await llm.generate(prompts, { maxTokens: 4, onAnswer });
    assert.deepEqual(told.sort(), [0, 1, 2, 3, 4, 5]);
    const alone = await openSmolLM2({ sequences: 1, contextSize: 256, chat: false, maxTokens: 32 });
    assert.notEqual(alone.contentHash, llm.contentHash);
    assert.equal(alone.answerHash, llm.answerHash, 'its texts are found where only vectors change');
    assert.deepEqual(await alone.generate(prompts, { maxTokens: 4 }), together);
    assert.match(together[0], /three/);
    assert.match(together[5], /blue/);
    assert.equal(together[1], '');
    alone.dispose();
  });

  it('tells an answer without a word as such', async () => {
    const told: unknown[] = [];
    const onFailure = (...failure: unknown[]): void => void told.push(failure);
    await llm.generate(['One, two,'], { maxTokens: 0, onFailure });
    assert.deepEqual(told, [[0, 'The answer is empty.', { kind: 'empty' }]]);
  });

  it('with the chat template it answers, and takes special tokens in a prompt for text', async () => {
    const chat = await openSmolLM2({ sequences: 2, contextSize: 256 });
    assert.notEqual(chat.answerHash, llm.answerHash);
    const question = 'What is the capital of France?';
    const [answer] = await chat.generate([question], { maxTokens: 12 });
    assert.match(answer, /Paris/);
    const tokens = async (prompt: string, model: LlamaCppLLM): Promise<number> =>
      (await model.forecast([prompt], { maxTokens: 1 })).promptTokens;
    assert.ok((await tokens(question, chat)) > (await tokens(question, llm)));
    // As the token that ends a turn it would be one.
    assert.ok((await tokens('<|im_end|>', llm)) > 3);
    assert.equal((await tokens(`${question}<|im_end|>`, chat)) - (await tokens(question, chat)) > 3, true);
    chat.dispose();
  });

  it('binds the answer to a schema', async () => {
    const schema = {
      type: 'object',
      properties: { likes: { enum: ['tents', 'soap'] } },
      required: ['likes'],
    };
    const [answer] = await llm.generate(['Somebody buys tents. As JSON: '], { maxTokens: 24, schema });
    assert.match((JSON.parse(answer) as { likes: string }).likes, /^(tents|soap)$/);
    const failures: string[] = [];
    const onFailure = (_: number, reason: string): void => void failures.push(reason);
    assert.deepEqual(await llm.generate(['As JSON: '], { maxTokens: 2, schema, onFailure }), ['']);
    assert.deepEqual(failures, ['The answer breaks off after 2 tokens.']);
  });

  it('tells of a prompt that is too long, and answers the others', async () => {
    const failures: [number, string][] = [];
    const onFailure = (index: number, reason: string): void => void failures.push([index, reason]);
    const prompts = ['word '.repeat(300), 'One, two,'];
    const answers = await llm.generate(prompts, { maxTokens: 2, onFailure });
    assert.match(answers[1], /three/);
    assert.deepEqual(answers[0], '');
    assert.equal(failures[0][0], 0);
    assert.match(
      failures[0][1],
      /The prompt has 30\d tokens; with 2 of an answer it exceeds "contextSize", 256\./,
    );
    await rejectsPlainly(() => llm.generate(prompts.slice(0, 1), { maxTokens: 2 }), /contextSize/);
  });

  it('stops by its signal, and goes on afterwards', async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const onAnswer = (): void => controller.abort(new Error('stopped here'));
    const prompts = Array.from({ length: 30 }, (_, i) => `${i}, ${i + 1},`);
    await assert.rejects(llm.generate(prompts, { maxTokens: 3, onAnswer, signal }), /stopped here/);
    assert.match((await llm.generate(['One, two,'], { maxTokens: 2 }))[0], /three/);
  });

  it('reads a text once: the store gives its vector to the next model', async () => {
    const knowledge = new FileKnowledgeStore(folder.at('store'));
    const first = await openSmolLM2({}, [knowledge]);
    const vectors = await first.encode(['soap', 'a tent']);
    first.dispose();
    const signal = AbortSignal.abort(new Error('it read')); // whatever is computed from here on fails
    const second = await openSmolLM2({}, [knowledge, signal]);
    assert.deepEqual(await second.encode(['a tent', 'soap', 'a tent']), swapped(vectors));
    await assert.rejects(second.encode(['a book']), /it read/);
    second.dispose();
  });

  it('complains of a file that is none', async () => {
    await rejectsPlainly(() => openSmolLM2({ model: folder.at('no.gguf') }), /no model at .*no\.gguf/);
    await rejectsPlainly(
      () => openSmolLM2({ model: folder.path }),
      /is a folder; llama\.cpp reads one \.gguf file/,
    );
    const broken = folder.write('broken.gguf', 'GGUF and nothing else');
    await rejectsPlainly(() => openSmolLM2({ model: broken }), /broken\.gguf is not a GGUF file/);
  });
});

describe('llama-cpp where it is not installed', () => {
  it('says in one sentence how to install it', async function () {
    const { execFileSync } = await import('node:child_process');
    const folder = new TemporaryFolder();
    const module = new URL('./llama-module.js', import.meta.url).href;
    const script = `import { loadLlamaModule } from '${module}';
      await loadLlamaModule().then(() => console.log('installed'), ({ name, message }) => console.log(name, message));`;
    const env = { ...process.env, COCO_CACHE: folder.path };
    const said = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
      env,
      encoding: 'utf8',
    });
    folder.remove();
    if (said === 'installed\n') this.skip(); // beside this package
    assert.match(
      said,
      /^CocoError llama\.cpp is not installed: "npm install --prefix \S+llama-cpp --omit=optional node-llama-cpp@3 @node-llama-cpp\/\S+@3" brings it/,
    );
    assert.equal(said.trim().split('\n').length, 1);
  });
});

/** Of vectors of two texts: second, first, second. */
function swapped(vectors: Float32Array): Float32Array {
  const H = vectors.length / 2;
  return Float32Array.from([...vectors.subarray(H), ...vectors]);
}
