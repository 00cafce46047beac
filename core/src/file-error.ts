const reasons: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'your share of the disk is full',
  EFBIG: 'files of this size are not allowed here',
  EACCES: 'permission is denied',
  EPERM: 'permission is denied',
  EROFS: 'the disk is read-only',
  ENOTDIR: 'a part of the path is a file, not a folder',
  EISDIR: 'it is a folder',
  EEXIST: 'a file stands where a folder is needed',
};

/** Why a file could not be read or written, in words, by the error's code; its message where the code is not known. */
export function fileErrorReason(error: unknown): string {
  const { code, message } = error as { readonly code?: string; readonly message: string };
  return reasons[code ?? ''] ?? message;
}
