/** A run that was stopped goes on as if nothing had been; a run that blows up says where. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { CocoError, loadCheckpoint } from '@coco-rec/core';
import { NodeFileStore, type PlainConfig, compare, createRecommender } from '@coco-rec/standard';
import {
  type SmallRun,
  epochsOf,
  run,
  runUntil,
  smallConfig,
  smallShop,
  temporaryFolder,
  writeShop,
} from './support/small-run.js';
import { startTestEngine } from './support/engine.js';

const { folder, remove } = temporaryFolder();
after(remove);

describe('a stopped run with adam-lazy', () => {
  before(startTestEngine);

  it('goes on to the same weights, and they are not those of adam', async () => {
    const config = async (name: string, optimizer: string): Promise<Record<string, unknown>> => {
      const data = await writeShop(folder, 'shop', smallShop());
      const loss = { id: 'sampled-softmax', count: 4 };
      return smallConfig(data, 'none', join(folder, 'lazy', name), { loss, optimizer });
    };
    const whole = await run(await config('whole', 'adam-lazy'));
    const own = await config('stopped', 'adam-lazy');
    await runUntil(own, 3);
    assert.deepEqual((await run(own)).weights, whole.weights);
    assert.notDeepEqual((await run(await config('adam', 'adam'))).weights, whole.weights);
  });
});

describe('the times of a run', () => {
  before(startTestEngine);

  it('count every start, the warm start whoever made it, and stay when all is done', async () => {
    const data = await writeShop(folder, 'shop', smallShop());
    const output = join(folder, 'times');
    const comparison = await compare(smallConfig(data, 'mlp', output), { fusions: 'none,mlp', seeds: 1 });
    for (const { runs } of comparison.methods) {
      const [{ seed, result, folder: own }] = runs;
      const { prepare, train, measure } = result.times;
      assert.equal(result.seconds, prepare + train + measure);
      const [warm] = readdirSync(join(output, 'warm'));
      const secondsIn = async (of: string, file: string): Promise<number> => {
        const saved = await loadCheckpoint<{ seconds: number }>(new NodeFileStore(of), file);
        assert.ok(saved, `${of}, seed ${seed}`);
        return saved.info.seconds;
      };
      const warmSeconds = await secondsIn(join(output, 'warm', warm), 'warm.safetensors');
      const savedSeconds = await secondsIn(own, 'checkpoint.safetensors'); // saving itself comes on top
      assert.ok(warmSeconds > 0 && savedSeconds > warmSeconds && train >= savedSeconds, `seed ${seed}`);
      const again = createRecommender({ ...result.config, output: own } as unknown as PlainConfig);
      const { times } = await again.fit();
      again.dispose();
      assert.ok(times.train >= savedSeconds);
    }
  });
});

for (const fusion of ['none', 'coco']) {
  describe(`a stopped run, sasrec with ${fusion}`, () => {
    before(startTestEngine);

    const config = async (name: string): Promise<Record<string, unknown>> =>
      smallConfig(await writeShop(folder, 'shop', smallShop()), fusion, join(folder, fusion, name));

    let whole: SmallRun;
    before(async () => {
      whole = await run(await config('whole'));
    });

    const stops: Record<string, (steps: number) => number[]> = {
      'at the first step': () => [1],
      'in the middle of the warm start': (steps) => [Math.floor(steps / 4) + 1],
      'at the last step of the warm start': (steps) => [steps / 2],
      'in the joint stage': (steps) => [steps - 3],
      'at the last step': (steps) => [steps],
      'three times': () => [2, 3, 4],
    };
    for (const [when, stepsOf] of Object.entries(stops)) {
      it(`${when} goes on to the same weights and figures, bit by bit`, async () => {
        const own = await config(when.replaceAll(' ', '-'));
        for (const step of stepsOf(whole.steps)) await runUntil(own, step);
        const resumed = await run(own);
        assert.ok(resumed.steps < whole.steps, 'it began anew');
        assert.deepEqual(resumed.weights, whole.weights);
        assert.deepEqual(resumed.test, whole.test);
        assert.deepEqual(resumed.validation, whole.validation);
        assert.deepEqual(resumed.epochs, whole.epochs);
      });
    }

    it('that is finished is not trained again', async () => {
      const again = await run(await config('whole'));
      assert.equal(again.steps, 0);
      assert.deepEqual(again.weights, whole.weights);
      assert.deepEqual(again.test, whole.test);
    });
  });
}

describe('a run that blows up', () => {
  before(startTestEngine);

  it('stops with the stage, the step, the loss parts and users, and keeps the last checkpoint', async () => {
    const train = { learningRate: 1e30, gradientNorm: 0, warmupSteps: 0 };
    const output = join(folder, 'blown-up');
    const config = smallConfig(await writeShop(folder, 'shop', smallShop()), 'none', output, train);
    await assert.rejects(run(config), (error: unknown) => {
      assert.ok(error instanceof CocoError, String(error));
      assert.match(error.message, /stage warm, epoch \d+, step \d+/);
      assert.match(error.message, /recommendation (NaN|Infinity|\d)/);
      assert.match(error.message, /users user\d+(, user\d+)+, … \(10 in all\)/);
      return true;
    });
    assert.equal(existsSync(join(output, 'result.json')), false);
    if (existsSync(join(output, 'metrics.jsonl'))) {
      for (const epoch of await epochsOf(output)) assert.ok(Number.isFinite(epoch.recommendation));
    }
  });
});
