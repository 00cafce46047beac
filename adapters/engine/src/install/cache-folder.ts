import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { tfjsPackage, type Variant } from './pins.js';

const platform = `${process.platform}-${process.arch}`;

/** @returns where engines are kept: `$COCO_CACHE`, else `$XDG_CACHE_HOME/coco`, else `~/.cache/coco`; then `engine`. */
export function engineFolder(): string {
  const { COCO_CACHE, XDG_CACHE_HOME } = process.env;
  if (COCO_CACHE) return join(resolve(COCO_CACHE), 'engine');
  // The XDG specification: a relative path is to be ignored.
  const cache = XDG_CACHE_HOME && isAbsolute(XDG_CACHE_HOME) ? XDG_CACHE_HOME : join(homedir(), '.cache');
  return join(cache, 'coco', 'engine');
}

/** The unpacked wheels, shared by all versions of Node. */
export function libraryFolder({ library }: Variant): string {
  return join(engineFolder(), `${library.name}-${library.version}-${platform}`);
}

/** The built binding: by Node ABI, wheel and package version, so that a change of any of them builds a new one. */
export function bindingFolder({ library }: Variant): string {
  const { modules } = process.versions;
  const name = `node${modules}-${library.name}-${library.version}-tfjs-${tfjsPackage.version}-${platform}`;
  return join(engineFolder(), name);
}

/** The files below a binding folder that the engine loads. */
export const bindingFiles = {
  binding: 'package/lib/napi-v8/tfjs_binding.node',
  backend: 'package/dist/nodejs_kernel_backend.js',
  kernels: 'package/dist/register_all_kernels.js',
} as const;

/** @returns whether the build in a binding folder finds CUDA's libraries. */
export function linksCuda(folder: string): boolean {
  return existsSync(join(folder, 'package', 'deps', 'nvidia'));
}

/** Where the installed package finds our copy of tfjs-core: its `require('@tensorflow/tfjs')` answers with this global. */
export const sharedTfjsKey = '@coco-rec/engine tfjs-core 4.22.0';
