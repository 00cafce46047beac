import type { BackboneDescriptor } from '@coco-rec/core';
import { frozenCapabilities } from '../frozen-backbone.js';
import { HttpBackbone, HttpConfig } from './http.js';

export const http: BackboneDescriptor<HttpConfig> = {
  kind: 'backbone',
  id: 'http',
  specVersion: 'v1',
  summary: 'A service that answers histories with vectors; only the fusion learns.',
  config: HttpConfig,
  capabilities: frozenCapabilities,
  create: (config) => new HttpBackbone(config),
};
