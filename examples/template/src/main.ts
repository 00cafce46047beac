/** Trains what config.yaml says, measures it, and recommends. */
import { createRecommender, readConfigFile } from '@coco-rec/standard';
import { fadingMean } from './fading-mean.js';

const recommender = createRecommender(await readConfigFile('config.yaml'), { units: [fadingMean] });
const { test } = await recommender.fit();
console.log('Test:', test);
console.log('For somebody new:', await recommender.recommend([[]], 3));
recommender.dispose();
