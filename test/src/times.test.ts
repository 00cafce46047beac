/** A backbone that reads times is given them in training, in validation, in the test, and by whoever asks. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Random } from '@coco-rec/core';
import { type PlainConfig, createRecommender } from '@coco-rec/standard';
import { startTestEngine, testEngine } from './support/engine.js';
import { temporaryFolder } from './support/small-run.js';

const itemCount = 24;
const hour = 3600;

/** One item at a time, with the second it was taken at. */
type Visit = readonly [item: number, time: number];

/** After an hour's pause a customer goes on to the next item of the ring, after ten days' to the one 7 places on. */
function walk(random: Random): Visit[] {
  const visits: Visit[] = [];
  let [item, time] = [random.integer(itemCount), 1.6e9 + random.integer(300) * 24 * hour];
  for (let i = 0; i < 9; i++) {
    const isSoon = random.uniform() < 0.5;
    time += (isSoon ? 1 : 240) * hour;
    visits.push([item, time]);
    item = (item + (isSoon ? 1 : 7)) % itemCount;
  }
  return visits;
}

describe('times', function () {
  this.timeout(240_000);
  const { folder, remove } = temporaryFolder();
  const random = new Random(11);
  const walks = Array.from({ length: 240 }, () => walk(random));
  let data: PlainConfig;

  before(async () => {
    await startTestEngine();
    const lines = walks.flatMap((visits, u) => visits.map(([item, time]) => `u${u},i${item},${time}`));
    const path = join(folder, 'walks.csv');
    await writeFile(path, `user,item,time\n${lines.join('\n')}\n`);
    data = { format: 'csv', path, columns: { user: 'user', item: 'item', time: 'time' } };
  });
  after(remove);

  const recommenderOf = (timeEncoding: boolean): ReturnType<typeof createRecommender> =>
    createRecommender({
      data,
      backbone: {
        ...{ id: 'pinnerformer', dimension: 16, maxLength: 10, windowDays: 0, positionsPerUser: 10 },
        ...{ dropout: 0.1, timeEncoding, ...(timeEncoding && { timePeriods: [1, 30] }) },
      },
      train: {
        epochs: 24,
        warmEpochs: 24,
        usersPerStep: 24,
        learningRate: 0.01,
        warmupSteps: 10,
        weightDecay: 0,
      },
      evaluate: { topK: [1, 5] },
      engine: testEngine,
      output: join(folder, `times-${timeEncoding}`),
    });

  it('tell a backbone what items alone do not', async () => {
    const [without, timed] = [recommenderOf(false), recommenderOf(true)];
    const blind = await without.fit();
    without.dispose();
    const { test, validation } = await timed.fit();
    assert.ok(blind.test['recall@1'] < 0.65, `one of two is a guess: ${blind.test['recall@1']}`);
    for (const metrics of [test, validation])
      assert.ok(metrics['recall@1'] > blind.test['recall@1'] + 0.2, JSON.stringify([blind.test, metrics]));

    const visits = walks.slice(0, 40);
    const histories = visits.map((own) => own.map(([item]) => `i${item}`));
    const times = visits.map((own) => own.map(([, time]) => time));
    const users = visits.map((_, u) => `u${u}`);
    const best = async (options: object): Promise<string[]> =>
      (await timed.recommend(histories, 1, options)).map(([{ item }]) => item);
    const given = await best({ times });
    assert.deepEqual(await best({ users }), given, 'times of a user of the data are known');
    const soon = times.map((own) => own.map((time, i) => (i === 8 ? own[7] + hour : time)));
    const wanted = histories.map((history) => `i${(Number(history[8].slice(1)) + 1) % itemCount}`);
    const found = await best({ times: soon });
    const hits = found.filter((item, n) => item === wanted[n]).length;
    assert.ok(hits >= 30, `${hits} of 40 after an hour's pause`);
    // Nobody knows when: one of the two then, and no crash.
    const unknown = await best({});
    const either = unknown.filter((item, n) => {
      const step = (Number(item.slice(1)) - Number(histories[n][8].slice(1)) + itemCount) % itemCount;
      return step === 1 || step === 7;
    });
    assert.ok(either.length >= 30, `${either.length} of 40 without times`);
    const inMilliseconds = times.map((own) => own.map((time) => 1000 * time));
    await assert.rejects(best({ times: inMilliseconds }), /is in milliseconds, it seems: times are seconds/);
    timed.dispose();
  });

  it('are refused where the data has only an order', async () => {
    const path = join(folder, 'order.csv');
    const lines = walks
      .slice(0, 20)
      .flatMap((visits, u) => visits.map(([item], t) => `u${u},i${item},${t + 1}`));
    await writeFile(path, `user,item,time\n${lines.join('\n')}\n`);
    const recommender = createRecommender({
      data: { ...data, path },
      backbone: { id: 'pinnerformer', dimension: 8, timeEncoding: true },
      engine: testEngine,
      output: join(folder, 'order'),
    });
    await assert.rejects(recommender.fit(), /"backbone.timeEncoding" is true, but .* has no real timestamps/);
    recommender.dispose();
  });
});
