/**
 * Fetches one file from the first mirror that gives it whole and unharmed: goes on where a transfer broke off, and to the
 * next mirror when one fails. Uses `fetch` only, no file system.
 */

import { DataError } from "./errors.ts";

/** How far a download has come. */
export interface DownloadProgress {
  /** Name of the file. */
  readonly file: string;
  /** How many bytes have come. */
  readonly receivedBytes: number;
  /** Null where the server does not say. */
  readonly totalBytes: number | null;
  /** The server it comes from. */
  readonly mirror: string;
}

export interface DownloadRequest {
  readonly file: string;
  /** Addresses of folders, tried in order. */
  readonly mirrors: readonly string[];
  /** Resolves to what is wrong with the bytes, or null. */
  readonly check: (bytes: Uint8Array) => Promise<string | null>;
  readonly onProgress: (progress: DownloadProgress) => void;
  /** Milliseconds without a byte after which a transfer counts as broken. */
  readonly stallTimeout?: number;
}

/** How often one mirror may break off before the next is asked. */
const attemptsPerMirror = 3;
const defaultStallTimeout = 20_000;

/** The mirrors failed, each for a reason of its own. */
export class DownloadError extends DataError {
  override readonly name = "DownloadError";
  readonly reasons: readonly string[];

  constructor(file: string, reasons: readonly string[]) {
    super(`${file}: no mirror gave it:\n${reasons.map((reason) => `  ${reason}`).join("\n")}`);
    this.reasons = reasons;
  }
}

/** `onProgress` threw (an interrupt does): the end of it all, not a failure of the mirror. */
class Stopped extends Error {}

/** Resolves to the checked bytes of the file; rejects with a DownloadError that lists what every mirror answered. */
export async function download(request: DownloadRequest): Promise<Uint8Array> {
  const reasons: string[] = [];
  for (const mirror of request.mirrors) {
    const url = `${mirror.replace(/\/$/, "")}/${request.file}`;
    try {
      const bytes = await transfer(url, mirror, request);
      const fault = await request.check(bytes);
      if (fault === null) return bytes;
      reasons.push(`${url}: ${fault}`);
    } catch (error) {
      if (error instanceof Stopped) throw error.cause;
      reasons.push(`${url}: ${describeFailure(error)}`);
    }
  }
  throw new DownloadError(request.file, reasons);
}

/** What has arrived of a file, and the version of it that the server named. */
interface PartialFile {
  readonly chunks: Uint8Array[];
  received: number;
  total: number | null;
  version: string | null;
}

async function transfer(url: string, mirror: string, request: DownloadRequest): Promise<Uint8Array> {
  const partial: PartialFile = { chunks: [], received: 0, total: null, version: null };
  for (let attempt = 1; ; attempt++) {
    try {
      await receive(url, partial, request.stallTimeout ?? defaultStallTimeout, () =>
        report(partial, mirror, request),
      );
      return join(partial);
    } catch (error) {
      // A refusal will be repeated, a broken transfer may not.
      if (
        error instanceof DataError ||
        error instanceof Stopped ||
        partial.received === 0 ||
        attempt === attemptsPerMirror
      )
        throw error;
    }
  }
}

function report({ received, total }: PartialFile, mirror: string, request: DownloadRequest): void {
  try {
    request.onProgress({ file: request.file, receivedBytes: received, totalBytes: total, mirror });
  } catch (cause) {
    throw new Stopped("the caller stopped the download", { cause });
  }
}

async function receive(
  url: string,
  partial: PartialFile,
  stallTimeout: number,
  onChunk: () => void,
): Promise<void> {
  const headers: Record<string, string> = { "accept-encoding": "identity" };
  if (partial.received > 0 && partial.version !== null) {
    headers.range = `bytes=${partial.received}-`;
    headers["if-range"] = partial.version;
  }
  const stall = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const restart = () => {
    clearTimeout(timer);
    timer = setTimeout(
      () => stall.abort(new Error(`nothing arrived for ${stallTimeout / 1000} s`)),
      stallTimeout,
    );
  };
  restart();
  try {
    const response = await fetch(url, { headers, signal: stall.signal });
    if (response.status !== 200 && response.status !== 206)
      throw new DataError(`the server answered ${response.status} ${response.statusText}`.trim());
    if (response.status === 200) forget(partial);
    partial.version ??= strongVersion(response.headers);
    const length = Number(response.headers.get("content-length"));
    // An encoded body is counted before, its chunks after decoding.
    if (length > 0 && response.headers.get("content-encoding") === null)
      partial.total ??= partial.received + length;
    if (response.body === null) throw new DataError("the server answered nothing");
    const reader = response.body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      restart();
      partial.chunks.push(value);
      partial.received += value.length;
      onChunk();
    }
    if (partial.total !== null && partial.received < partial.total)
      throw new Error(`the transfer broke off after ${partial.received} of ${partial.total} bytes`);
  } finally {
    clearTimeout(timer);
    stall.abort();
  }
}

function forget(partial: PartialFile): void {
  partial.chunks.length = 0;
  partial.received = 0;
  partial.total = null;
  partial.version = null;
}

/** What lets a server tell whether the rest still belongs to the part that arrived; weak tags do not. */
function strongVersion(headers: Headers): string | null {
  const tag = headers.get("etag");
  return tag !== null && !tag.startsWith("W/") ? tag : headers.get("last-modified");
}

function join(partial: PartialFile): Uint8Array {
  const bytes = new Uint8Array(partial.received);
  let offset = 0;
  for (const chunk of partial.chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}

/** `fetch failed` says nothing; its cause does. */
function describeFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (!(cause instanceof Error)) return error.message;
  const code = "code" in cause && typeof cause.code === "string" ? cause.code : "";
  if (code === "ENOTFOUND" || code === "EAI_AGAIN")
    return "no connection to the Internet (the name was not found)";
  return cause.message || code || error.message;
}
