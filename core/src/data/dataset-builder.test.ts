import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { CocoError } from '../errors.js';
import type { Dataset } from '../specification/dataset.js';
import type { Hasher } from '../specification/ports.js';
import { DatasetBuilder, cleanText, maxTextLength } from './dataset-builder.js';

/** Content as its own hash: equal content, equal hash, and no other. */
export const nodeLikeHasher: Hasher = {
  sha256: (content) =>
    typeof content === 'string' ? `s${content.length}:${content}` : `b${content.length}:${content.join()}`,
};

const build = (fill: (builder: DatasetBuilder) => void): Dataset => {
  const builder = new DatasetBuilder();
  fill(builder);
  return builder.build({ name: 'built', report: { counts: {}, warnings: [] }, hasher: nodeLikeHasher });
};

const historyOf = ({ offsets, sequence, items }: Dataset, user: number): string[] =>
  Array.from(sequence.subarray(offsets[user], offsets[user + 1]), (item) => items.get(item));

describe('cleanText', () => {
  it('makes spaces of control, zero-width and direction characters and folds white space', () => {
    assert.equal(
      cleanText('  a\u0000b\u001b[31m\tc\r\n d\u200b\u202ee\ufeff f\u2028g '),
      'a b [31m c d e f g',
    );
    assert.equal(cleanText('broken \ufffd\ufffd bytes'), 'broken bytes');
  });

  it('leaves natural text as it is', () => {
    for (const text of [
      'Crème brûlée “Nº 5”, 50 ml',
      '保湿クリーム 50g',
      'Ελληνικά & עברית',
      '👩‍👩‍👧 x'.replace(/\u200d/g, ''),
    ]) {
      assert.equal(cleanText(text), text);
    }
  });

  it('caps the length, also of 10 MB', () => {
    assert.equal(cleanText('word '.repeat(2_000_000)).length <= maxTextLength, true);
    assert.equal(cleanText('x'.repeat(10_000_000)), 'x'.repeat(maxTextLength));
    assert.equal(cleanText(' '.repeat(10_000_000)), '');
  });

  it('never cuts a character in two', () => {
    const clean = cleanText(`x${'😀'.repeat(maxTextLength)}`);
    assert.equal(clean, `x${'😀'.repeat((maxTextLength - 2) / 2)}`);
    assert.ok(!/\p{Cs}/u.test(cleanText(`x${'😀 '.repeat(maxTextLength * 4)}`)));
  });

  it('is safe and settled for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 2000 }), (text) => {
        const clean = cleanText(text);
        assert.ok(clean.length <= maxTextLength);
        assert.ok(!/[\p{Cc}\p{Cf}]|^\s|\s\s/u.test(clean));
        assert.equal(cleanText(clean), clean);
      }),
    );
  });
});

describe('DatasetBuilder', () => {
  it('sorts each history by time, ties and missing times in the order of the file', () => {
    const timed = build((builder) => {
      builder.addInteraction('ann', 'late', 30);
      builder.addInteraction('bob', 'x', 5);
      builder.addInteraction('ann', 'tie1', 20);
      builder.addInteraction('ann', 'tie2', 20);
      builder.addInteraction('ann', 'early', 10);
    });
    assert.deepEqual(historyOf(timed, 0), ['early', 'tie1', 'tie2', 'late']);
    assert.deepEqual(historyOf(timed, 1), ['x']);
    assert.deepEqual([...(timed.times ?? [])], [10, 20, 20, 30, 5]);
    const untimed = build((builder) =>
      ['c', 'a', 'b'].forEach((item) => builder.addInteraction('ann', item)),
    );
    assert.deepEqual(historyOf(untimed, 0), ['c', 'a', 'b']);
    assert.equal(untimed.times, undefined);
    assert.equal(untimed.realTimes, false);
  });

  it('knows times from ranks', () => {
    const ranks = build((builder) => [1, 2, 3].forEach((t) => builder.addInteraction('ann', `i${t}`, t)));
    assert.equal(ranks.realTimes, false);
    const real = build((builder) => [100, 200].forEach((t) => builder.addInteraction('ann', `i${t}`, t)));
    assert.equal(real.realTimes, true);
  });

  it('agrees with a plain sort of objects', () => {
    const records = fc.array(fc.tuple(fc.nat(5), fc.nat(9), fc.nat(20)), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(records, (list) => {
        const dataset = build((builder) =>
          list.forEach(([user, item, time]) => builder.addInteraction(`u${user}`, `i${item}`, time)),
        );
        for (let user = 0; user < dataset.userCount; user++) {
          const own = list.filter(([id]) => `u${id}` === dataset.users.get(user));
          const sorted = [...own].sort((a, b) => a[2] - b[2]).map(([, item]) => `i${item}`);
          assert.deepEqual(historyOf(dataset, user), sorted);
        }
      }),
    );
  });

  it('grows beyond its first arrays', () => {
    const dataset = build((builder) => {
      for (let i = 0; i < 5000; i++) builder.addInteraction(`u${i % 7}`, `i${i % 501}`, i);
    });
    assert.equal(dataset.sequence.length, 5000);
    assert.equal(dataset.itemCount, 501);
    assert.equal(historyOf(dataset, 3)[1], 'i10');
  });

  it('numbers attributes by name, each once an item, whatever order the items come in', () => {
    const tags: [item: string, attributes: string[]][] = [
      ['soap', ['hand', 'care', 'hand']],
      ['towel', ['bath']],
      ['brush', ['care', 'bath']],
    ];
    const shop = (described: typeof tags): Dataset =>
      build((builder) => {
        ['soap', 'towel', 'brush'].forEach((item, t) => builder.addInteraction('u', item, t));
        for (const [item, attributes] of described) builder.describeItem(item, '', attributes);
      });
    const first = shop(tags);
    assert.deepEqual([...(first.attributes?.values ?? [])], [3, 2, 1, 2, 1]); // bath, care, hand
    assert.deepEqual([...(first.attributes?.offsets ?? [])], [0, 0, 2, 3, 5]);
    const turned = shop([...tags].reverse());
    assert.deepEqual(turned.attributes, first.attributes);
    assert.equal(turned.sideHash, first.sideHash);
    const moved = shop([['soap', ['hand']], ['towel', ['bath']], ['brush', ['care']]]); // prettier-ignore
    assert.equal(moved.attributes?.namesHash, first.attributes?.namesHash);
    assert.notEqual(moved.sideHash, first.sideHash);
    const renamed = shop([['soap', ['hand', 'cure']], tags[1], ['brush', ['cure', 'bath']]]);
    assert.deepEqual(renamed.attributes?.values, first.attributes?.values);
    assert.notEqual(renamed.attributes?.namesHash, first.attributes?.namesHash);
    assert.notEqual(renamed.sideHash, first.sideHash);
    assert.equal(renamed.hash, first.hash);
  });

  it('keeps texts and attributes of known items, refuses unknown ones, keeps cold items', () => {
    const dataset = build((builder) => {
      builder.addInteraction('ann', 'soap');
      builder.addItem('cold');
      assert.equal(builder.describeItem('soap', ' hand\tsoap ', ['care', 'hand']), true);
      assert.equal(builder.describeItem('ghost', 'nobody bought it'), false);
      assert.equal(builder.describeItem('', 'padding has no text'), false);
    });
    assert.deepEqual(
      [dataset.texts?.get(0), dataset.texts?.get(1), dataset.texts?.get(2)],
      ['', 'hand soap', ''],
    );
    assert.equal(dataset.items.get(2), 'cold');
    assert.deepEqual([...(dataset.attributes?.values ?? [])], [1, 2]);
    assert.deepEqual([...(dataset.attributes?.offsets ?? [])], [0, 0, 2, 2]);
  });

  it('hashes what the data say: interactions, ids and texts', () => {
    const one = (item: string, text?: string): string =>
      build((builder) => {
        builder.addInteraction('ann', item);
        if (text !== undefined) builder.describeItem(item, text);
      }).hash;
    assert.equal(one('a', 'x'), one('a', 'x'));
    assert.equal(new Set([one('a', 'x'), one('b', 'x'), one('a', 'y'), one('a')]).size, 4);
  });

  it('refuses interactions after the doubles are dropped, not a second build', () => {
    const builder = new DatasetBuilder();
    builder.addInteraction('ann', 'a', 1);
    builder.addInteraction('ann', 'a', 1);
    assert.equal(builder.dropDoubles(), 1);
    assert.throws(() => builder.addInteraction('bob', 'a', 1), CocoError);
    const options = { name: 'built', report: { counts: {}, warnings: [] }, hasher: nodeLikeHasher };
    assert.deepEqual(historyOf(builder.build(options), 0), ['a']);
    assert.equal(builder.build(options).hash, builder.build(options).hash);
  });

  it('refuses data without an interaction', () => {
    assert.throws(
      () => build((builder) => builder.addItem('a')),
      (error) => error instanceof CocoError && /built: there is no interaction/.test(error.message),
    );
  });
});
