import { fromFiles, makeWeights } from '../decoder/decoder-weights.js';
import { LocalDecoder } from '../decoder/local-decoder.js';
import type { StoredTensor } from '../formats/weights.js';
import type { ModelConfig } from '../model-config.js';
import { tinyWeights } from './tiny-llama.js';

/** A decoder with the weights of `tinyWeights`, without files and tokenizer. */
export function decoderFrom(config: ModelConfig, layers = config.numLayers): LocalDecoder {
  const stored = Object.entries(tinyWeights(config)).map(
    ([name, { shape, values }]): [string, StoredTensor] => [
      name,
      { shape, type: 'F32', byteLength: values.byteLength, read: () => values },
    ],
  );
  return new LocalDecoder(config, makeWeights(config, layers, fromFiles(new Map(stored), 'memory')));
}
