import type { BackboneDescriptor } from '@coco-rec/core';
import { frozenCapabilities } from '../frozen-backbone.js';
import { OnnxBackbone, OnnxConfig } from './onnx.js';

export const onnx: BackboneDescriptor<OnnxConfig> = {
  kind: 'backbone',
  id: 'onnx',
  specVersion: 'v1',
  summary: 'A model exported from PyTorch or TensorFlow to ONNX; only the fusion learns.',
  config: OnnxConfig,
  capabilities: frozenCapabilities,
  create: (config) => new OnnxBackbone(config),
};
