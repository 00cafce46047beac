import type { UnitDescriptor } from '@coco-rec/core';
import { backbones } from '@coco-rec/backbones';
import { importers } from '@coco-rec/data';
import { engines } from '@coco-rec/engine';
import { externalBackbones } from '@coco-rec/external';
import { fusions } from '@coco-rec/fusion';
import { knowledgeModels } from '@coco-rec/llm';

/** The one list of built-in units. Command line, config checks, conformance tests and reference pages derive from it. */
export const builtInUnits: readonly UnitDescriptor[] = [
  ...backbones,
  ...externalBackbones,
  ...fusions,
  ...knowledgeModels,
  ...importers,
  ...engines,
];
