import type { Command } from 'commander';
import { type ModelSummary, type Table, inspectModel, sizeText } from '@coco-rec/standard';
import { examples } from '../options.js';
import type { Terminal } from '../terminal.js';

export function addModelInspect(parent: Command, terminal: Terminal): void {
  const command = parent
    .command('inspect')
    .description('what a model file is: architecture, sizes, tensor types, SHA-256; nothing is run')
    .argument('<path>', 'a .gguf file or a Hugging Face folder (config.json, *.safetensors)')
    .option('--json', 'print it as JSON')
    .action((path: string, options: { json?: boolean }) => inspect(path, options, terminal));
  examples(command, [
    ['coco model inspect models/SmolLM2-135M-Instruct.Q4_1.gguf', 'a quantised model in one file'],
    ['coco model inspect models/Qwen3-0.6B --json', 'a model folder, for programs'],
  ]);
}

async function inspect(path: string, { json }: { json?: boolean }, terminal: Terminal): Promise<void> {
  const summary = await inspectModel(path, { signal: terminal.signal });
  if (json) terminal.print(JSON.stringify(summary, null, 2));
  else terminal.table(modelTable(summary));
}

function modelTable(summary: ModelSummary): Table {
  const { config, files, tokenizerProblem, problem } = summary;
  const number = (value: number | undefined): string => value?.toLocaleString('en') ?? 'not stated';
  const hashes = files.map(({ name, sha256 }) => [
    files.length > 1 ? `SHA-256 of ${name}` : 'SHA-256',
    sha256,
  ]);
  return {
    title: `Model ${summary.path}`,
    columns: [{ label: 'What' }, { label: 'Value' }],
    rows: [
      ['format', summary.format],
      ['architecture', config.architecture],
      ['parameters', number(summary.parameters)],
      ['layers', number(config.numLayers)],
      ['hidden size', number(config.hiddenSize)],
      ['heads', `${config.numHeads}, of ${config.headSize} values each`],
      ['key-value heads', number(config.numKeyValueHeads)],
      ['feed-forward size', number(config.feedForwardSize)],
      [
        'vocabulary',
        `${number(config.vocabularySize)}${config.tied ? ', its head shares the embeddings' : ''}`,
      ],
      ['context length', number(summary.contextLength)],
      ['rotary base', number(config.rotaryBase)],
      ['tensors', summary.tensorTypes.map(({ type, tensors }) => `${tensors} × ${type}`).join(', ')],
      ['size', sizeText(summary.bytes)],
      ['tokenizer', tokenizerProblem === undefined ? 'there' : 'none that can be used'],
      ...hashes,
    ],
    notes: [problem, tokenizerProblem].filter((note) => note !== undefined),
  };
}
