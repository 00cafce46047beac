import { existsSync, readFileSync } from 'node:fs';
import { CocoError } from '@coco-rec/core';

/** A JSON object; empty where there is no file. @throws CocoError where the file holds anything else */
export function readJson(path: string): Readonly<Record<string, unknown>> {
  if (!existsSync(path)) return {};
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    throw new CocoError(`${path} is not valid JSON.`);
  }
  if (typeof json !== 'object' || json === null) throw new CocoError(`${path} is no JSON object.`);
  return json as Record<string, unknown>;
}
