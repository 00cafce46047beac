import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { UsageError } from '@coco-rec/core';
import { root } from '../layout/sources.js';

export interface BenchOptions {
  /** Ids of the cases; empty: all. */
  readonly cases: readonly string[];
  readonly list: boolean;
  /** File for the figures as JSON. */
  readonly json?: string;
  /** File for a plot of the figures that show how cost grows. */
  readonly plot?: string;
  readonly engine: string;
  readonly repeats: number;
  /** Also run the peers of the cases. */
  readonly peers: boolean;
  /** The only peer to run. */
  readonly peer?: string;
  /** Training steps of a peer that are timed, each repetition. */
  readonly peerSteps: number;
  /** Also show where the time goes. */
  readonly profile: boolean;
  /** Folder with RecBole files. */
  readonly data: string;
  /** A GGUF file of SmolLM2-135M. */
  readonly model: string;
}

export const usage = `npm run bench -- [CASE ...] [options]

  --list           name the cases, what they measure and their peers
  --json FILE      also write the figures as JSON
  --plot FILE      also draw how cost grows, as SVG (cases scaling and loading-growth)
  --engine ID      compute engine (default auto)
  --repeats N      repetitions of each case (default 3)
  --peers          also run the peers, in a Python environment that is made for them
  --peer NAME      only this peer: for the main figure, whose peers take an hour each
  --peer-steps N   steps of a peer's epoch that are timed, each repetition (default 8)
  --profile        also show time by kind of operation and phase
  --data FOLDER    RecBole files (default: amazon-beauty in $COCO_SHARED/data, by default ../shared/data)
  --model FILE     SmolLM2-135M as GGUF (default: $COCO_SMOLLM2)`;

/** @throws UsageError if the command line is wrong */
export function readOptions(argv: readonly string[]): BenchOptions {
  const { values, positionals } = parse(argv);
  const shared = resolve(process.env.COCO_SHARED ?? join(root, '..', 'shared'));
  return {
    cases: positionals,
    list: values.list ?? false,
    json: values.json,
    plot: values.plot,
    engine: values.engine ?? 'auto',
    repeats: wholeNumber('repeats', values.repeats, 3),
    peers: values.peers ?? values.peer !== undefined,
    peer: values.peer,
    peerSteps: wholeNumber('peer-steps', values['peer-steps'], 8),
    profile: values.profile ?? false,
    data: resolve(values.data ?? join(shared, 'data', 'amazon-beauty')),
    model: resolve(values.model ?? process.env.COCO_SMOLLM2 ?? 'models/SmolLM2-135M-Instruct.Q4_1.gguf'),
  };
}

function wholeNumber(name: string, text: string | undefined, standard: number): number {
  const value = text === undefined ? standard : Number(text);
  if (Number.isInteger(value) && value >= 1) return value;
  throw new UsageError(`--${name} is ${text}; expected a whole number from 1.`);
}

const parse = (argv: readonly string[]) => {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        list: flag,
        json: text,
        plot: text,
        engine: text,
        repeats: text,
        peers: flag,
        peer: text,
        'peer-steps': text,
        profile: flag,
        data: text,
        model: text,
      },
    });
  } catch (error) {
    throw new UsageError(`${(error as Error).message.split('. ')[0]}.\n\n${usage}`, { cause: error });
  }
};

export const needsData = ({ data }: BenchOptions): string | undefined =>
  existsSync(data) ? undefined : `there is no folder ${data} (--data)`;

export const needsModel = ({ model }: BenchOptions): string | undefined =>
  existsSync(model) ? undefined : `there is no file ${model} (--model)`;
