import assert from 'node:assert/strict';
import { IsIn, IsInt, IsOptional, IsString, Max, Min } from 'class-validator';
import { UsageError } from '../errors.js';
import { Describe, describedKeys } from './describe.js';
import { EvaluateConfig, RunConfig, TrainConfig } from './run-config.js';
import { readConfig } from './validate.js';

class BaseConfig {
  @Describe('Width.')
  @IsInt()
  @Min(1)
  @Max(1024)
  dimension = 64;
}

class UnitConfig extends BaseConfig {
  @Describe('A word.')
  @IsIn(['soft', 'hard'])
  mode = 'soft';

  @Describe('A file.')
  @IsOptional()
  @IsString()
  path?: string;
}

const says =
  (...words: string[]) =>
  (error: Error): boolean => {
    assert.ok(error instanceof UsageError, `${error.name}: ${error.message}`);
    for (const word of words) assert.ok(error.message.includes(word), `"${error.message}" lacks "${word}"`);
    return true;
  };

describe('readConfig', () => {
  it('fills in defaults, of the base class too', () => {
    const config = readConfig(UnitConfig, { mode: 'hard' }, 'fusion');
    assert.ok(config instanceof UnitConfig);
    assert.deepEqual({ ...config }, { dimension: 64, mode: 'hard', path: undefined });
    assert.deepEqual({ ...readConfig(UnitConfig, {}, '') }, { dimension: 64, mode: 'soft', path: undefined });
  });

  it('names an unknown key with its place and the nearest known one', () => {
    assert.throws(
      () => readConfig(UnitConfig, { dimention: 3 }, 'fusion'),
      says('"fusion.dimention"', 'Did you mean "dimension"?'),
    );
    assert.throws(
      () => readConfig(TrainConfig, { warmepochs: 3 }, 'train'),
      says('Did you mean "warmEpochs"?'),
    );
    assert.throws(
      () => readConfig(RunConfig, { data: {}, fusoin: 'coco' }, ''),
      says('"fusoin"', '"fusion"'),
    );
  });

  it('lists the known keys where none is near', () => {
    assert.throws(() => readConfig(UnitConfig, { xyzzyxyzzy: 1 }, 'fusion'), says('dimension, mode, path'));
  });

  it('knows no key that every object has', () => {
    for (const key of ['constructor', 'toString', '__proto__']) {
      const plain = JSON.parse(`{"${key}": 1}`) as object;
      assert.throws(() => readConfig(UnitConfig, plain, 'fusion'), says(`"fusion.${key}"`));
    }
  });

  it('names a key with a wrong value, the value and what is wrong with it', () => {
    const wrong: [object, string[]][] = [
      [{ dimension: '64' }, ['"backbone.dimension"', '"64"', 'integer']],
      [{ dimension: 0 }, ['"backbone.dimension"', '0', 'less than 1']],
      [{ dimension: 2.5 }, ['2.5', 'integer']],
      [{ dimension: null }, ['"backbone.dimension"', 'null']],
      [{ mode: 'sfot' }, ['"backbone.mode"', '"sfot"', 'soft, hard']],
      [{ path: 3 }, ['"backbone.path"', '3', 'string']],
    ];
    for (const [plain, words] of wrong) {
      assert.throws(() => readConfig(UnitConfig, plain, 'backbone'), says(...words));
    }
  });

  it('refuses a section that is no group of keys', () => {
    for (const plain of [null, undefined, 3, 'coco', [1]]) {
      assert.throws(() => readConfig(UnitConfig, plain, 'train'), says('"train" must be a group of keys'));
    }
    assert.throws(() => readConfig(RunConfig, [], ''), says('The config must be'));
  });

  it('checks the sections of a run', () => {
    assert.throws(() => readConfig(RunConfig, {}, ''), says('"data"', 'missing'));
    assert.throws(() => readConfig(RunConfig, { data: {}, fusion: 3 }, ''), says('"fusion"', 'id'));
    assert.throws(() => readConfig(EvaluateConfig, { topK: [] }, 'evaluate'), says('"evaluate.topK"'));
    assert.throws(() => readConfig(EvaluateConfig, { topK: [5, 0] }, 'evaluate'), says('"evaluate.topK"'));
    assert.throws(() => readConfig(TrainConfig, { schedule: 'linear' }, 'train'), says('constant, cosine'));
    assert.equal(readConfig(RunConfig, { data: { format: 'csv' } }, '').fusion, 'none');
  });

  it('has a description for every key with a default', () => {
    for (const configClass of [RunConfig, TrainConfig, EvaluateConfig]) {
      const described = describedKeys(configClass).map(({ key }) => key);
      for (const key of Object.keys(new configClass())) assert.ok(described.includes(key), key);
    }
  });
});
