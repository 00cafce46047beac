import type { Tools } from './tools.js';
import { runCommand } from './run-command.js';

/** Node has no unzip, and pip brings Python anyway. Keeps the executable bit, which `python3 -m zipfile` drops. */
const unpackZip = `
import os, sys, zipfile
archive, target, prefixes = sys.argv[1], sys.argv[2], tuple(sys.argv[3:])
with zipfile.ZipFile(archive) as content:
    for entry in content.infolist():
        if entry.is_dir() or not entry.filename.startswith(prefixes):
            continue
        path = content.extract(entry, target)
        if (entry.external_attr >> 16) & 0o111:
            os.chmod(path, 0o755)
`;

const unpackTar = `
import sys, tarfile
with tarfile.open(sys.argv[1]) as content:
    for entry in content.getmembers():
        entry.name = entry.name.split("/", 1)[1]
        content.extract(entry, sys.argv[2])
`;

/** Unpacks the files of a wheel whose paths begin with one of `prefixes`. */
export async function unpackWheel(
  tools: Tools,
  archive: string,
  target: string,
  prefixes: readonly string[],
  signal?: AbortSignal,
): Promise<void> {
  await runCommand(tools.python, ['-c', unpackZip, archive, target, ...prefixes], { signal });
}

/** Unpacks an npm package into `target`, without the folder `package` in which its files lie. */
export async function unpackPackage(
  tools: Tools,
  archive: string,
  target: string,
  signal?: AbortSignal,
): Promise<void> {
  await runCommand(tools.python, ['-W', 'ignore', '-c', unpackTar, archive, target], { signal });
}
