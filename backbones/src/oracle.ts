/** The oracle of simulated data: the Bayes predictor given the observed history, which nobody can beat on average. */
import { type RankerDescriptor, UsageError } from '@coco-rec/core';

export class OracleConfig {}

export const oracle: RankerDescriptor<OracleConfig> = {
  kind: 'ranker',
  id: 'oracle',
  specVersion: 'v1',
  summary: 'The best predictor that can be, for data that bring one (the simulated shop): the ceiling.',
  config: OracleConfig,
  create: (_config, dataset) => {
    if (dataset.oracle) return dataset.oracle;
    throw new UsageError(
      `"backbone: oracle" needs simulated data (\`data.format: shop\`): nobody knows the best predictor of ${dataset.name}.`,
    );
  },
};
