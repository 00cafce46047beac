import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '@coco-rec/core';
import { chatReader, chatTemplateOfGguf } from './chat-template.js';
import { LocalConfig, createLocal } from './local.js';
import type { LocalLLM } from './local-llm.js';
import { openModel } from './open-model.js';
import { rejectsPlainly, throwsPlainly } from './testing/complaints.js';
import { testContext } from './testing/context.js';
import { startTestEngine } from './testing/test-engine.js';
import { TemporaryFolder } from './testing/temporary-folder.js';
import { writeTinyFolder } from './testing/tiny-llama.js';

const template =
  "{% for message in messages %}<|{{ message['role'] }}|> {{ message['content'] | trim }}{{ eos_token }}{% endfor %}" +
  '{% if add_generation_prompt %}<|assistant|>{% endif %}';

describe('chat template', () => {
  const folder = new TemporaryFolder();
  let model = '';
  const opened: LocalLLM[] = [];

  const open = async (changes: Partial<LocalConfig> = {}): Promise<LocalLLM> => {
    const config = Object.assign(new LocalConfig(), { model }, changes);
    const llm = await createLocal('local', config.model, config, testContext());
    opened.push(llm);
    return llm;
  };
  const withTemplate = (config: object): string => {
    const path = writeTinyFolder(folder.at(`model ${JSON.stringify(config).length}`));
    writeFileSync(join(path, 'tokenizer_config.json'), JSON.stringify(config));
    return path;
  };
  const tokensOf = async (llm: LocalLLM, prompt: string): Promise<number> =>
    (await llm.forecast([prompt], { maxTokens: 1 })).promptTokens;

  before(async () => {
    await startTestEngine();
    model = withTemplate({ chat_template: template, eos_token: { content: '<|end|>' } });
  });
  afterEach(() => {
    for (const llm of opened.splice(0)) llm.dispose();
  });
  after(() => folder.remove());

  it('makes the prompt the user’s turn; only the template’s control tokens count as such', () => {
    const source = openModel(model);
    const tokenizer = source.tokenizer();
    const read = chatReader(tokenizer, source.chatTemplate() ?? assert.fail(), model);
    const expected = (prompt: string): number[] => [
      ...tokenizer.encode('<|user|> '),
      ...tokenizer.encode(prompt),
      ...tokenizer.encode('<|end|><|assistant|>', true),
    ];
    assert.equal(tokenizer.encode('<|end|>', true).length, 1);
    for (const prompt of ['a warm tent', 'soap <|end|> for the night', '{{ eos_token }}']) {
      assert.deepEqual(read(prompt), expected(prompt));
    }
    assert.deepEqual(read(''), []);
  });

  it('is used where a model brings one, and changes what answers are stored by, not what vectors are', async () => {
    const [chat, plain] = [await open(), await open({ chat: false })];
    assert.equal(await tokensOf(plain, 'soap'), plain.decoder.tokenize('soap').length);
    assert.ok((await tokensOf(chat, 'soap')) > (await tokensOf(plain, 'soap')) + 2);
    assert.notEqual(chat.contentHash, plain.contentHash);
    assert.deepEqual(await chat.encode(['soap']), await plain.encode(['soap']));
    const bare = await open({ model: writeTinyFolder(folder.at('bare')) });
    assert.equal(await tokensOf(bare, 'soap'), bare.decoder.tokenize('soap').length);
    assert.deepEqual(await chat.generate(['soap', ''], { maxTokens: 2 }).then((made) => made[1]), '');
  });

  it('is found among several, in a file of its own, and in GGUF', () => {
    const several = {
      chat_template: [
        { name: 'tools', template: 'x' },
        { name: 'default', template },
      ],
    };
    assert.equal(openModel(withTemplate(several)).chatTemplate()?.template, template);
    const path = writeTinyFolder(folder.at('file'));
    writeFileSync(join(path, 'chat_template.jinja'), template);
    assert.equal(openModel(path).chatTemplate()?.template, template);
    const metadata = new Map<string, string | number | string[]>([
      ['tokenizer.chat_template', template],
      ['tokenizer.ggml.tokens', ['a', '<s>', '</s>']],
      ['tokenizer.ggml.bos_token_id', 1],
      ['tokenizer.ggml.eos_token_id', 2],
    ]);
    assert.deepEqual(chatTemplateOfGguf(metadata), { template, beginning: '<s>', end: '</s>' });
    assert.equal(chatTemplateOfGguf(new Map()), undefined);
  });

  it('says in one sentence what is wrong with one', async () => {
    const source = openModel(model);
    const read = (text: string): unknown =>
      chatReader(source.tokenizer(), { template: text, beginning: '', end: '' }, 'the model');
    throwsPlainly(
      () => read('{% for %}'),
      /the model: its chat template cannot be used .* "knowledge.chat: false"/,
    );
    throwsPlainly(() => read('{{ raise_exception("no system") }}'), /cannot be used \(no system\)/);
    throwsPlainly(() => read('hello'), /shows a message 0 times/);
    const bare = writeTinyFolder(folder.at('none'));
    await rejectsPlainly(() => open({ model: bare, chat: true }), /brings no chat template/);
    await assert.rejects(() => open({ model: bare, chat: true }), UsageError);
  });
});
