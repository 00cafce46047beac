export {
  Recommender,
  createRecommender,
  loadRecommender,
  createContext,
  type Recommendation,
  type RecommenderOptions,
} from './recommender.js';
export { compare, type CompareOptions } from './compare.js';
export { compareRuns, type CompareRunsOptions } from './compare-runs.js';
export { type StoredRun, readStoredRun } from './stored-run.js';
export type { ComparedMethod, Comparison, UserGroup } from './summarise-comparison.js';
export { Extraction, type ExtractedText, type ExtractionStep } from './extraction.js';
export { builtInUnits } from './register-all.js';
export { layersUnit, type BuildLayers, type LayersModel } from '@coco-rec/external';
export { type PlainConfig, applyOverrides, checkConfig, readConfigFile } from './load-config.js';
export { NodeFileStore, nodeHasher, silentProgress } from './node-ports.js';
export { type RunResult, codeVersion } from './result.js';
export { Session, loadDataset } from './session.js';
export { readModel, type ModelInfo } from './saved-model.js';
export { runDemo, demoTable, type Demo, type DemoOptions } from './demo.js';
export { demoSettings } from './demo-config.js';
export { type Column, type Table, figureColumns } from './report/table.js';
export {
  durationText,
  filterText,
  gainText,
  intervalText,
  metricLabel,
  metricText,
  pText,
} from './report/figures.js';
export { escapeHtml, visibleText } from './report/html.js';
export { groupTable, resultTable } from './report/run-tables.js';
export {
  comparisonTable,
  fusionsTable,
  userGroupTables,
  gainOverControlsTable,
  gainOverTextTable,
  runsTable,
} from './report/comparison-tables.js';
export { type Report, renderReport } from './report/render-report.js';
export { writeComparisonReport, writeRunReport } from './report/write-report.js';
export {
  engineStatus,
  installEngine,
  startEngine,
  type EngineReport,
  type InstallOptions,
  type StartedEngine,
} from '@coco-rec/engine';
export { checkModelFolder, inspectData, openData, simulateShopFile } from './data-tools.js';
export {
  type DatasetSummary,
  inspectDataset,
  shopSentences,
  shopTextPairs,
  writeRecBole,
} from '@coco-rec/data';
export {
  type CheckedTensor,
  type ModelSummary,
  type PullOptions,
  type PulledModel,
  type Pretrained,
  type PretrainOptions,
  inspectModel,
  pretrain,
  pullModel,
  sizeText,
} from '@coco-rec/llm';
