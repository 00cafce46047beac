import { startEngine } from '@coco-rec/engine';
import * as tf from '@tensorflow/tfjs-core';
import { topItems } from '@coco-rec/core';
for (const e of ['cpu','wasm','tensorflow']) { await startEngine(e); const s=[1,3,2,3,3,2,1,3]; console.log(e, topItems((f,t)=>tf.tensor2d([[0,...s].slice(f,t)]), 9,1,8).items.join()); }
