import { readFileSync } from 'node:fs';

/** @returns why native TensorFlow cannot run on this machine at all, or undefined if it can. */
export function unsupportedReason(): string | undefined {
  const { platform, arch } = process;
  if (platform !== 'linux' || arch !== 'x64')
    return `it needs Linux on x64, and this is ${platform} on ${arch}`;
  if (!usesGlibc()) return 'it needs a Linux with glibc, and this one has another C library';
  if (!hasAvx()) return 'it needs a processor with AVX, and this one has none';
  return undefined;
}

function usesGlibc(): boolean {
  const report = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  return report.header?.glibcVersionRuntime !== undefined;
}

/** Without AVX the library would end the process with an illegal instruction, so it must be known before. */
function hasAvx(): boolean {
  try {
    return /\bavx\b/.test(readFileSync('/proc/cpuinfo', 'utf8'));
  } catch {
    return true; // hidden by a sandbox; the check at the end of the installation tells
  }
}
