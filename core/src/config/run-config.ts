import {
  ArrayNotEmpty,
  IsArray,
  IsDefined,
  IsIn,
  IsInt,
  IsNumber,
  IsObject,
  IsOptional,
  IsPositive,
  IsString,
  Max,
  Min,
  Validate,
  ValidatorConstraint,
  type ValidatorConstraintInterface,
} from 'class-validator';
import { Describe } from './describe.js';

/** A unit chosen by id with its own keys beside it: `sasrec` or `{ id: sasrec, dimension: 64 }`. */
export type UnitSetting = string | ({ readonly id: string } & Readonly<Record<string, unknown>>);

@ValidatorConstraint({ name: 'unitSetting' })
class IsUnitSetting implements ValidatorConstraintInterface {
  validate(value: unknown): boolean {
    if (typeof value === 'string') return true;
    return typeof value === 'object' && value !== null && typeof (value as { id?: unknown }).id === 'string';
  }
  defaultMessage(): string {
    return 'give an id, or a group of keys with an "id"';
  }
}

/** How a model is trained; the section `train`. */
export class TrainConfig {
  @Describe('Loss: an id, or its id and keys ({ id: sampled-softmax, count: 256 }).')
  @Validate(IsUnitSetting)
  loss: UnitSetting = 'softmax';

  @Describe('Epochs of both stages together.')
  @IsInt()
  @Min(1)
  epochs = 40;

  @Describe(
    'Epochs of the warm start (the bare backbone); the rest is the joint stage. Default: half of `epochs`; none with a frozen backbone.',
  )
  @IsOptional()
  @IsInt()
  @Min(0)
  warmEpochs?: number;

  @Describe(
    '`adam`, or `adam-lazy`: of a table that is only read by rows (item vectors with sampled negatives), a step changes ' +
      'just the rows it read, so that its cost does not grow with the table.',
  )
  @IsIn(['adam', 'adam-lazy'])
  optimizer: 'adam' | 'adam-lazy' = 'adam';

  @Describe('Learning rate of Adam.')
  @IsNumber()
  @Min(0)
  learningRate = 0.003;

  @Describe('Steps over which the learning rate rises from 0, at the start of each stage.')
  @IsInt()
  @Min(0)
  warmupSteps = 100;

  @Describe(
    'How the learning rate goes on after the warm-up: `constant`, or `cosine` to a tenth at the end of the stage.',
  )
  @IsIn(['constant', 'cosine'])
  schedule: 'constant' | 'cosine' = 'cosine';

  @Describe(
    'Decoupled weight decay (AdamW), per step times the learning rate. 0: none. Default: by the number of steps an epoch ' +
      'has, so that a weight forgets in 2.5 epochs: 1 / (2.5 · steps · `learningRate`), at most 3.',
  )
  @IsOptional()
  @IsNumber()
  @Min(0)
  weightDecay?: number;

  @Describe('The gradient of all weights together is scaled down to this Euclidean norm. 0: no clipping.')
  @IsNumber()
  @Min(0)
  gradientNorm = 5;

  @Describe('Users a step at most; constant with in-batch negatives.')
  @IsInt()
  @Min(1)
  usersPerStep = 256;

  @Describe('Item positions a step at most, padding aside; not heeded with in-batch negatives.')
  @IsInt()
  @Min(1)
  tokensPerStep = 4096;

  @Describe(
    'Early stopping in the joint stage: validations in a row without a better NDCG@5; there is one every `evaluateEvery` epochs. 0: off.',
  )
  @IsInt()
  @Min(0)
  patience = 10;

  @Describe('Epochs between validations in the joint stage.')
  @IsInt()
  @Min(1)
  evaluateEvery = 1;
}

/** How a model is measured; the section `evaluate`. */
export class EvaluateConfig {
  @Describe('Cut-offs k of Recall@k and NDCG@k.')
  @IsArray()
  @ArrayNotEmpty()
  @IsInt({ each: true })
  @Min(1, { each: true })
  @Max(1000, { each: true })
  topK: number[] = [5, 10, 20];

  @Describe(
    '`none` keeps items the user has already had among the candidates (the headline); `seen` removes them.',
  )
  @IsIn(['none', 'seen'])
  filter: 'none' | 'seen' = 'none';

  @Describe(
    'What is held out. `leave-one-out`: the last item of each user for test, the last but one for validation. ' +
      '`global-time`: all that happened from a moment on, the same for all users; the data has to have real timestamps.',
  )
  @IsIn(['leave-one-out', 'global-time'])
  split: 'leave-one-out' | 'global-time' = 'leave-one-out';

  @Describe(
    'With `global-time`: share of all interactions, by time, that is held out for test. Default: 0.1.',
  )
  @IsOptional()
  @IsNumber()
  @IsPositive()
  testShare?: number;

  @Describe('With `global-time`: share of those before that is held out for validation. Default: 0.1.')
  @IsOptional()
  @IsNumber()
  @IsPositive()
  validationShare?: number;
}

/** One run: the whole config file. The sections of units are checked by the config class of the unit they name. */
export class RunConfig {
  @Describe('Where interactions and item texts come from: `format` is an importer, the rest are its keys.')
  @IsDefined()
  data!: Readonly<Record<string, unknown>>;

  @Describe('The recommender: an id and its keys.')
  @Validate(IsUnitSetting)
  backbone: UnitSetting = 'sasrec';

  @Describe('The language model: an id and its keys. Needed by fusions that use one.')
  @IsOptional()
  @Validate(IsUnitSetting)
  knowledge?: UnitSetting;

  @Describe(
    'The language model that writes the texts of fusions that read generated text: an id and its keys; the one of ' +
      '`knowledge` then reads them. Default: that one does both.',
  )
  @IsOptional()
  @Validate(IsUnitSetting)
  writer?: UnitSetting;

  @Describe('How knowledge joins the recommender: an id and its keys.')
  @Validate(IsUnitSetting)
  fusion: UnitSetting = 'none';

  @Describe(
    'Keys of fusions by their ids: { text: { textWidth: 256 } }. Whoever chooses that fusion has them (`fusion`, ' +
      '`--set fusion.id=`, `coco compare`); keys beside the id go before them. With an `id` among the keys it is another ' +
      'name for that fusion: { wide: { id: text, textWidth: 512 } }.',
  )
  @IsOptional()
  @IsObject()
  fusions?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;

  @Describe('Training.', TrainConfig)
  train: TrainConfig = new TrainConfig();

  @Describe('Evaluation.', EvaluateConfig)
  evaluate: EvaluateConfig = new EvaluateConfig();

  @Describe('Compute engine: `auto`, or the id of one.')
  @IsString()
  engine = 'auto';

  @Describe('Seed of all random numbers.')
  @IsInt()
  @Min(0)
  seed = 1;

  @Describe('Folder for results and checkpoints.')
  @IsString()
  output = 'runs/default';
}
