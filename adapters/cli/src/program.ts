import { Command } from 'commander';
import { codeVersion } from '@coco-rec/standard';
import { addCompare } from './commands/compare.js';
import { addDataImport } from './commands/data-import.js';
import { addDataInspect } from './commands/data-inspect.js';
import { addDataSimulate } from './commands/data-simulate.js';
import { addDemo } from './commands/demo.js';
import { addEngineInstall } from './commands/engine-install.js';
import { addEngineStatus } from './commands/engine-status.js';
import { addEvaluate } from './commands/evaluate.js';
import { addKnowledgeExport } from './commands/knowledge-export.js';
import { addKnowledgeExtract } from './commands/knowledge-extract.js';
import { addKnowledgeInspect } from './commands/knowledge-inspect.js';
import { addKnowledgeStatus } from './commands/knowledge-status.js';
import { addList } from './commands/list.js';
import { addModelCheck } from './commands/model-check.js';
import { addModelInspect } from './commands/model-inspect.js';
import { addModelPull } from './commands/model-pull.js';
import { addRecommend } from './commands/recommend.js';
import { addTrain } from './commands/train.js';
import { examples } from './options.js';
import type { Terminal } from './terminal.js';

/** The whole command line. Parsing throws: CommanderError on wrong use, what a command throws else. */
export function createProgram(terminal: Terminal): Command {
  const program = new Command('coco')
    .description('Recommenders with the knowledge of a language model, trained and compared honestly.')
    .version(codeVersion, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .showSuggestionAfterError(true)
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(wrongUseLine(text)) });
  // Every command made from here on inherits these settings.
  addTrain(program, terminal);
  addEvaluate(program, terminal);
  addCompare(program, terminal);
  addRecommend(program, terminal);
  addList(program, terminal);
  const data = program.command('data').description('look at data, bring it in, or make it up');
  addDataInspect(data, terminal);
  addDataImport(data, terminal);
  addDataSimulate(data, terminal);
  addKnowledge(program, terminal);
  const model = program.command('model').description('language models: look, fetch, check');
  addModelInspect(model, terminal);
  addModelPull(model, terminal);
  addModelCheck(model, terminal);
  const engine = program
    .command('engine')
    .description('compute engines: install the fast one, see what is used');
  addEngineInstall(engine, terminal);
  addEngineStatus(engine, terminal);
  addDemo(program, terminal);
  examples(program, [
    ['coco demo', 'the whole way on a made-up shop, in a few minutes'],
    ['coco train beauty.yaml', 'train and measure what the file describes'],
    ['coco compare beauty.yaml --fusions none,coco --seeds 5', 'what CoCo brings over the bare recommender'],
  ]);
  return program;
}

function addKnowledge(program: Command, terminal: Terminal): void {
  const knowledge = program
    .command('knowledge')
    .description('texts that a language model writes for a fusion: have them written, count, read');
  addKnowledgeExtract(knowledge, terminal);
  addKnowledgeStatus(knowledge, terminal);
  addKnowledgeInspect(knowledge, terminal);
  addKnowledgeExport(knowledge, terminal);
}

/** Commander's complaint as one line of ours: "coco: unknown command 'trian' (Did you mean train?)". */
export function wrongUseLine(text: string): string {
  const line = text
    .replace(/^error: /, '')
    .replace(/\s*\n\s*/g, ' ')
    .trim();
  return `coco: ${line}\n`;
}
