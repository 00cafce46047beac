import assert from 'node:assert/strict';
import { Random } from '@coco-rec/core';
import { complements } from './complements.js';
import { shopSentences } from './sentences.js';
import { simulateShop } from './simulate.js';
import { escaped, spoken } from './testing/spoken.js';
import { facetNames, facetValues, relatedValues, valuesOfDepartment } from './vocabulary.js';
import { departments } from './words/departments.js';
import { followerWords } from './words/categories.js';

const values = facetNames.flatMap((facet) => facetValues(facet));

describe('the shop’s vocabulary', function () {
  this.timeout(60_000);

  it('holds out exactly a third of the values, some of every facet, none that is neutral', () => {
    const heldOut = values.filter((value) => value.heldOut);
    assert.equal(heldOut.length * 3, values.length);
    assert.ok(heldOut.every((value) => !value.neutral));
    for (const facet of facetNames) {
      const share = heldOut.filter((value) => value.facet === facet).length / facetValues(facet).length;
      assert.ok(share >= 0.2 && share <= 0.5, `${facet}: ${share}`);
    }
  });

  it('has 3 or 4 wordings a value, none of which is found in those of another', () => {
    for (const value of values) {
      assert.ok(value.wordings.length >= 3 && value.wordings.length <= 4, value.name);
      const own = value.wordings.map(spoken);
      for (const other of values) {
        if (other === value) continue;
        const clash = other.wordings.find((wording) => own.some((pattern) => pattern.test(wording)));
        assert.equal(clash, undefined, `${value.name} is in "${clash}" of ${other.name}`);
      }
    }
  });

  it('relates values of one facet, both ways, and gives every department something of each', () => {
    for (const value of values) {
      for (const related of relatedValues(value)) {
        assert.equal(related.facet, value.facet);
        assert.ok(relatedValues(related).includes(value));
      }
    }
    for (const department of departments) {
      for (const facet of facetNames) {
        const own = valuesOfDepartment(facet, department);
        assert.ok(
          own.length >= 3 && own.some((value) => !value.heldOut && !value.neutral),
          `${department} ${facet}`,
        );
      }
    }
  });

  it('lets every category be followed by another, and follows only names that there are', () => {
    const names = facetValues('category').map(({ name }) => name);
    assert.deepEqual(Object.keys(followerWords).sort(), [...names].sort());
    complements.forEach((followers, category) => {
      assert.ok(followers.length > 0 && !followers.includes(category), names[category]);
    });
    assert.deepEqual(
      complements[names.indexOf('tent')].map((index) => names[index]),
      ['sleeping bag'],
    );
  });
});

describe('titles', function () {
  this.timeout(60_000);

  it('name a wording of every value that is not neutral, and so do descriptions', () => {
    for (const { title, description, facets } of simulateShop({ items: 300, users: 1 }).catalogue) {
      for (const value of Object.values(facets)) {
        for (const text of [title, description]) {
          assert.equal(
            value.wordings.some((wording) => spoken(wording).test(text)),
            !value.neutral,
            `${value.name}: ${text}`,
          );
        }
      }
      assert.match(title, /^\P{Ll}/u);
      assert.match(description, /^\P{Ll}.*\. \P{Ll}.*\.$/u);
      assert.doesNotMatch(`${title} ${description}`, / {2}| ,|undefined| \.|\ba [aeio]/i);
    }
  });
});

describe('shopSentences', function () {
  this.timeout(60_000);

  const sentences = shopSentences(new Random(7), 4000);

  it('names every value that is not held out, and none that is', () => {
    const text = sentences.join('\n');
    for (const value of values.filter(({ neutral }) => !neutral)) {
      const found = value.wordings.find((wording) => spoken(wording).test(text));
      assert.equal(found !== undefined, !value.heldOut, `${value.name}: ${found}`);
    }
  });

  it('holds no title of the default shop, and no item that could be told', () => {
    const titles = new Set(
      simulateShop({ users: 1 }).catalogue.flatMap(({ title, description }) => [title, description]),
    );
    assert.equal(
      sentences.find((sentence) => titles.has(sentence)),
      undefined,
    );
    const categories = facetValues('category').map(({ wordings }) => wordings.map(spoken));
    const told = sentences.filter((sentence) => {
      const names = (facet: 'brand' | 'material' | 'concern'): boolean =>
        facetValues(facet).some(({ wordings }) => wordings.some((wording) => spoken(wording).test(sentence)));
      const isItem = categories.some((own) => own.some((pattern) => pattern.test(sentence)));
      return isItem && names('brand') && names('material') && names('concern');
    });
    assert.deepEqual(told, []);
  });

  it('puts complements and related values side by side', () => {
    const text = sentences.join('\n');
    const pairs = complements.flatMap((followers, category) =>
      followers.map((follower) => [facetValues('category')[category], facetValues('category')[follower]]),
    );
    const told = pairs.filter(([first, second]) => !first.heldOut && !second.heldOut);
    const found = told.filter(([first, second]) =>
      first.wordings.some((a) =>
        second.wordings.some((b) =>
          new RegExp(`${escaped(a)} goes well with an? ${escaped(b)}`, 'i').test(text),
        ),
      ),
    );
    assert.equal(found.length, told.length);
    assert.match(text, /(frizz|frizzy hair|unruly curls) and (dryness|dry hair|brittle ends)/i);
  });

  it('depends on the stream’s name only', () => {
    const random = new Random(7);
    random.uniform();
    assert.deepEqual(shopSentences(random, 50), sentences.slice(0, 50));
    assert.notDeepEqual(shopSentences(new Random(8), 50), sentences.slice(0, 50));
    assert.ok(new Set(sentences).size > 3000);
  });
});
