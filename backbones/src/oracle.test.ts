import assert from 'node:assert/strict';
import { UsageError } from '@coco-rec/core';
import { testDataset } from '@coco-rec/core/testing';
import { oracle } from './oracle.js';
import { PopularityRanker } from './popularity.js';

describe('oracle', () => {
  it("is the data's own", () => {
    const own = new PopularityRanker();
    assert.equal(oracle.create({}, { ...testDataset(), oracle: own }), own);
  });

  it('says that other data have none, and which would', () => {
    assert.throws(
      () => oracle.create({}, testDataset()),
      (error) => error instanceof UsageError && /data\.format: shop/.test(error.message),
    );
  });
});
