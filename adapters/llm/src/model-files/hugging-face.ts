import { CocoError } from '@coco-rec/core';

/** A file as the repository states it. Large files have their SHA-256, the others git's blob hash. */
export interface RemoteFile {
  readonly path: string;
  readonly size: number;
  readonly sha256?: string;
  readonly gitBlob?: string;
}

/** A repository at one commit. */
export interface RemoteRepository {
  readonly id: string;
  readonly commit: string;
  readonly files: readonly RemoteFile[];
}

/** Where and as whom to ask. */
export interface HubAccess {
  /** Without a slash at the end. */
  readonly endpoint: string;
  readonly token?: string;
  readonly signal?: AbortSignal;
}

/** From the environment: HF_ENDPOINT and HF_TOKEN. */
export function hubAccess(signal?: AbortSignal): HubAccess {
  const endpoint = (process.env.HF_ENDPOINT || 'https://huggingface.co').replace(/\/+$/, '');
  return { endpoint, token: process.env.HF_TOKEN || undefined, signal };
}

/** Lists a repository; a branch or tag is turned into its commit, so that files of two states never mix. */
export async function listRepository(
  id: string,
  revision: string,
  access: HubAccess,
): Promise<RemoteRepository> {
  const hub = await import('@huggingface/hub'); // large, and few commands need it
  const common = { hubUrl: access.endpoint, fetch: fetchWith(access) };
  try {
    const { sha } = await hub.modelInfo({ ...common, name: id, revision, additionalFields: ['sha'] });
    const files: RemoteFile[] = [];
    for await (const entry of hub.listFiles({ ...common, repo: id, revision: sha, recursive: true })) {
      if (entry.type !== 'file') continue;
      const { path, oid, lfs } = entry;
      files.push({ path, size: lfs?.size ?? entry.size, sha256: lfs?.oid, gitBlob: lfs ? undefined : oid });
    }
    return { id, commit: sha, files };
  } catch (error) {
    const what = `the repository "${id}" (revision ${revision})`;
    if (error instanceof hub.HubApiError) throw statusError(error.statusCode, what, access);
    throw explainHub(error, what, access);
  }
}

/** Where a file of a repository is downloaded from. */
export function fileUrl({ id, commit }: RemoteRepository, path: string, { endpoint }: HubAccess): string {
  return `${endpoint}/${id}/resolve/${commit}/${path.split('/').map(encodeURIComponent).join('/')}`;
}

/** Headers of a request; the token goes to the endpoint only, as fetch drops it where it is sent elsewhere. */
export function headersOf({ token }: HubAccess): Record<string, string> {
  return token ? { authorization: `Bearer ${token}` } : {};
}

/** An answer that is no success, as a sentence. */
export function statusError(status: number, what: string, { endpoint, token }: HubAccess): CocoError {
  if (status === 401 || status === 404) {
    const hint = token
      ? 'or the token in HF_TOKEN may not read it'
      : 'or it is private and needs a token in HF_TOKEN';
    return new CocoError(`${endpoint} does not have ${what}, ${hint}.`);
  }
  if (status === 403) {
    return new CocoError(
      `${endpoint} refuses ${what}: accept its terms on its page, then set HF_TOKEN to your token.`,
    );
  }
  if (status === 429)
    return new CocoError(`${endpoint} asks to wait (429) for ${what}: run the same command later.`);
  return new CocoError(`${endpoint} answered ${status} for ${what}: run the same command later.`);
}

function fetchWith(access: HubAccess): typeof fetch {
  return (input, options) => {
    const address = input instanceof Request ? input.url : String(input);
    const isOurs = new URL(address).origin === new URL(access.endpoint).origin;
    const headers = { ...(options?.headers as Record<string, string>), ...(isOurs ? headersOf(access) : {}) };
    return fetch(input, { ...options, headers, signal: access.signal });
  };
}

function explainHub(error: unknown, what: string, access: HubAccess): unknown {
  if (access.signal?.aborted) return error;
  if (error instanceof SyntaxError) {
    return new CocoError(
      `${access.endpoint} does not answer as a Hugging Face hub for ${what}: check HF_ENDPOINT.`,
    );
  }
  return unreachable(error, access);
}

/** A connection that did not come about, as a sentence. */
export function unreachable(error: unknown, { endpoint }: HubAccess): CocoError {
  const { cause, message } = error as { cause?: { code?: string; message?: string }; message: string };
  const reason = cause?.code ?? cause?.message ?? message;
  return new CocoError(`Cannot reach ${endpoint} (${reason}): check the connection, or HF_ENDPOINT.`, {
    cause: error,
  });
}
