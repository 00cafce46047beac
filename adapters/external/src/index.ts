import type { BackboneDescriptor } from '@coco-rec/core';
import { http } from './http/descriptor.js';
import { onnx } from './onnx/descriptor.js';
import { vectors } from './vectors.js';

/** Models that were trained elsewhere; one line each. */
export const externalBackbones: readonly BackboneDescriptor[] = [vectors, onnx, http];

export { VectorsBackbone, VectorsConfig } from './vectors.js';
export { HttpBackbone, HttpConfig } from './http/http.js';
export { OnnxBackbone, OnnxConfig } from './onnx/onnx.js';
