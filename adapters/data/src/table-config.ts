import { IsArray, IsOptional, IsString, ValidateNested } from 'class-validator';
import { Describe, NamesFile } from '@coco-rec/core';

/** Which columns (CSV) or keys (JSON Lines) hold what. */
export class ColumnsConfig {
  @Describe('Column of the user id.')
  @IsString()
  user = 'user';

  @Describe('Column of the item id.')
  @IsString()
  item = 'item';

  @Describe(
    'Column of the time: a date, or a number of seconds or milliseconds since 1970. Leave it out where the order of lines is the time.',
  )
  @IsOptional()
  @IsString()
  time?: string;
}

/** Config of `csv` and `jsonl`. */
export class TableConfig {
  @Describe('File with one interaction a line (.gz is unpacked).')
  @IsString()
  @NamesFile()
  path!: string;

  @Describe('Columns of the interactions: { user, item, time }.', ColumnsConfig)
  @ValidateNested()
  columns: ColumnsConfig = new ColumnsConfig();

  @Describe('File with one item a line, for item texts: .jsonl or .csv.')
  @IsOptional()
  @IsString()
  @NamesFile()
  items?: string;

  @Describe('Column of the item id in `items`.')
  @IsString()
  itemId = 'id';

  @Describe('Columns of `items` that make up an item’s text, joined by ". ".')
  @IsArray()
  @IsString({ each: true })
  text: string[] = ['title'];

  @Describe('Column of `items` with attributes: a list, or words separated by "|".')
  @IsOptional()
  @IsString()
  attributes?: string;
}
