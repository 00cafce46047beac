import assert from 'node:assert/strict';
import { CocoError, UsageError } from './errors.js';
import { Registry } from './registry.js';
import type { FusionDescriptor } from './specification/descriptor.js';
import { FusionStrategy } from './specification/fusion-strategy.js';

class Config {}

class Bare extends FusionStrategy {
  readonly id = 'bare';
  async initialize(): Promise<void> {}
  fuse(h: Parameters<FusionStrategy['fuse']>[0]): ReturnType<FusionStrategy['fuse']> {
    return { h };
  }
}

const fusion = (id: string, specVersion = 'v1'): FusionDescriptor => ({
  kind: 'fusion',
  id,
  specVersion: specVersion as 'v1',
  summary: 'A fusion.',
  config: Config,
  needs: () => ({ backbone: {} }),
  create: () => new Bare(),
});

const says =
  (kind: new (message: string) => Error, ...words: string[]) =>
  (error: Error): boolean => {
    assert.ok(error instanceof kind, `${error.name}: ${error.message}`);
    for (const word of words) assert.ok(error.message.includes(word), `"${error.message}" lacks "${word}"`);
    return true;
  };

describe('Registry', () => {
  it('finds units by kind and id and lists them in order', () => {
    const registry = new Registry([fusion('none'), fusion('coco')]);
    assert.equal(registry.get('fusion', 'coco').id, 'coco');
    assert.deepEqual(
      registry.list('fusion').map(({ id }) => id),
      ['none', 'coco'],
    );
    assert.deepEqual(registry.list('engine'), []);
    assert.equal(registry.find('backbone', 'coco'), undefined);
  });

  it('refuses two units of one kind with the same id', () => {
    assert.throws(
      () => new Registry([fusion('coco'), fusion('coco')]),
      says(CocoError, 'two', 'fusion', '"coco"'),
    );
  });

  it('lets units of two kinds share an id', () => {
    const { create: _create, needs: _needs, ...shared } = fusion('text');
    const data = { ...shared, kind: 'data', load: () => Promise.reject(new UsageError('not here')) } as const;
    assert.equal(new Registry([fusion('text'), data]).get('data', 'text').kind, 'data');
  });

  it('names the nearest and lists the known ids for one it does not know', () => {
    const registry = new Registry([fusion('none'), fusion('concat'), fusion('coco')]);
    assert.throws(
      () => registry.get('fusion', 'conkat'),
      says(UsageError, '"conkat"', 'Did you mean "concat"?', 'none, concat, coco'),
    );
    assert.throws(() => registry.get('backbone', 'x'), says(UsageError, 'Known: none.'));
  });

  it('says what is no descriptor, for programs without types', () => {
    const refused = (unit: unknown, ...words: string[]): void =>
      assert.throws(() => new Registry([unit as FusionDescriptor]), says(CocoError, ...words));
    refused(Bare, 'it is no object (a class is made by its descriptor');
    refused(undefined, 'it is no object');
    refused({ ...fusion('own'), kind: undefined }, '"kind" is undefined, not one of backbone');
    refused({ ...fusion('own'), id: 3 }, '"id" is 3');
    refused({ ...fusion('own'), config: undefined }, '"config" is no class');
  });

  it('refuses ids that are not lower case', () => {
    for (const id of ['CoCo', 'co co', '', '-a', 'ä']) {
      assert.throws(() => new Registry([fusion(id)]), says(CocoError, 'lower-case'));
    }
  });

  it('names both versions where a unit was written for another', () => {
    assert.throws(() => new Registry([fusion('coco', 'v9')]), says(CocoError, '"v9"', 'v1', '"coco"'));
  });
});
