import type { BackboneDescriptor } from '@coco-rec/core';
import { http } from './http/descriptor.js';
import { layers } from './layers/descriptor.js';
import { onnx } from './onnx/descriptor.js';
import { vectors } from './vectors.js';

/** Models that were trained elsewhere; one line each. */
export const externalBackbones: readonly BackboneDescriptor[] = [vectors, onnx, http, layers];

export { VectorsBackbone, VectorsConfig } from './vectors.js';
export { HttpBackbone, HttpConfig } from './http/http.js';
export { OnnxBackbone, OnnxConfig } from './onnx/onnx.js';
export { LayersConfig, layersUnit } from './layers/descriptor.js';
export { LayersBackbone, LayersCodeConfig } from './layers/layers.js';
export type { BuildLayers, LayersModel, LayersWeight } from './layers/layers-model.js';
