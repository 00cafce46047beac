import assert from 'node:assert/strict';
import { Random } from '@coco-rec/core';
import { inventedValue, inventedWord } from './invented-words.js';
import { spoken } from './testing/spoken.js';
import { type TextPair, shopTextPairs } from './text-pairs.js';
import { type FacetValue, facetNames, facetValues } from './vocabulary.js';

const values = facetNames.flatMap((facet) => facetValues(facet)).filter(({ neutral }) => !neutral);

/** The values that a text names. */
const namedIn = (text: string): FacetValue[] =>
  values.filter(({ wordings }) => wordings.some((wording) => spoken(wording).test(text)));

describe('shopTextPairs', function () {
  this.timeout(60_000);

  const pairs = shopTextPairs(new Random(7), 1200);
  const named = pairs.map((pair) => pair.map(namedIn));

  it('names every value that is not held out, and none that is', () => {
    const all = new Set(named.flat(2));
    for (const value of values) assert.equal(all.has(value), !value.heldOut, value.name);
  });

  it('tells no item: category, brand, material and concern never stand together', () => {
    const telling = ['category', 'brand', 'material', 'concern'];
    for (const [i, texts] of named.entries()) {
      for (const found of texts) {
        const facets = new Set(found.map(({ facet }) => facet));
        assert.ok(!telling.every((facet) => facets.has(facet as FacetValue['facet'])), pairs[i].join(' / '));
      }
    }
  });

  it('says the same in both texts, now and then a related value instead', () => {
    let [same, related] = [0, 0];
    named.forEach(([first, second], i) => {
      assert.equal(first.length, second.length, pairs[i].join(' / '));
      for (const value of first) {
        const other = second.find(({ facet }) => facet === value.facet);
        assert.equal(other?.group, value.group, pairs[i].join(' / '));
        if (other === value) same++;
        else related++;
      }
    });
    const share = related / (same + related);
    assert.ok(share > 0.03 && share < 0.12, `${share}`); // a tenth of the values that have a related one
  });

  it('writes both independently: other wordings, another order', () => {
    const alike = pairs.filter(([first, second]) => first === second).length;
    assert.ok(alike < pairs.length / 50, `${alike} of ${pairs.length}`);
  });

  it('has four pairs in a row that differ in one value each', () => {
    const keys = (texts: FacetValue[][]): Set<string> => new Set(texts[0].map(({ name }) => name));
    for (let from = 0; from < pairs.length; from += 4) {
      const first = keys(named[from]);
      for (let i = from + 1; i < from + 4; i++) {
        const lost = [...first].filter((name) => !keys(named[i]).has(name));
        assert.ok(lost.length <= 1, `${pairs[from][0]} / ${pairs[i][0]}`);
        assert.notEqual(pairs[i][0], pairs[from][0]);
      }
    }
  });

  it('depends on the stream’s name only', () => {
    const random = new Random(7);
    random.uniform();
    const again: TextPair[] = shopTextPairs(random, 50);
    assert.deepEqual(again, pairs.slice(0, 50));
    assert.notDeepEqual(shopTextPairs(new Random(8), 50), again);
  });
});

describe('invented words', () => {
  const vocabulary = facetNames.flatMap((facet) => facetValues(facet));

  it('are no words of the vocabulary, held out or not', () => {
    const random = new Random(3);
    for (let i = 0; i < 500; i++) {
      const word = inventedWord(random);
      assert.match(word, /^\p{Ll}{4,8}$/u);
      const known = vocabulary.find(({ wordings }) => wordings.some((wording) => spoken(word).test(wording)));
      assert.equal(known, undefined, word);
    }
  });

  it('make up values whose wordings share a word', () => {
    const { name, wordings, heldOut, neutral } = inventedValue('brand', 'hair', new Random(4));
    assert.match(name, /^\p{Lu}\p{Ll}+$/u);
    assert.equal(new Set(wordings).size, 3);
    assert.ok(wordings.every((wording) => spoken(name).test(wording)));
    assert.deepEqual([heldOut, neutral], [false, false]);
  });
});
