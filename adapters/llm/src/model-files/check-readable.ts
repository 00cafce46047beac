import { CocoError } from '@coco-rec/core';
import { quantisations } from '../formats/dequantise.js';
import { type ModelSource, openModel } from '../open-model.js';

/** Opens a model and sees that its tensors are whole and of types that are read. @throws CocoError otherwise */
export function checkReadable(path: string): ModelSource {
  const model = openModel(path);
  if (model.weights.size === 0)
    throw new CocoError(`${path} holds no tensor of a ${model.config.architecture} model.`);
  if (model.format === 'gguf') {
    const unknown = [...model.weights.values()].find(({ type }) => !(type in quantisations));
    unknown?.read(); // says what is wrong with it
    [...model.weights.values()].at(-1)?.read(); // the end of the file: there if the file is whole
  }
  return model;
}
