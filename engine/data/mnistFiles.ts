/**
 * The four files of MNIST or of a set that is laid out like it: found in a folder, in the cache or on a mirror, decompressed and compared with the originals.
 * Touches the file system only through the `FileAccess` interface, so that it can be loaded without Node.
 */

import { checkInterrupt } from "../interrupt.ts";
import { DownloadError, type DownloadProgress, download } from "./download.ts";
import { DataError, MissingDataError } from "./errors.ts";
import { readIdx } from "./idx.ts";

/** What reading and keeping files takes: `nodeFiles.ts` on Node. */
export interface FileAccess {
  /** An environment variable, or undefined. */
  environment(name: string): string | undefined;
  /** The folder in which this user's programs keep what they can fetch again. */
  cacheDirectory(): string;
  join(...parts: readonly string[]): string;
  /** The whole path of what a user wrote: `~/data`, `../data`. */
  absolute(path: string): string;
  isFile(path: string): Promise<boolean>;
  isFolder(path: string): Promise<boolean>;
  read(path: string): Promise<Uint8Array>;
  /** The names of what is in a folder, in no order. */
  list(folder: string): Promise<string[]>;
  /** Either the whole file is there afterwards or nothing changed; makes the folder. */
  writeWhole(path: string, bytes: Uint8Array): Promise<void>;
  gunzip(bytes: Uint8Array): Promise<Uint8Array>;
  /** In hexadecimal. */
  digest(algorithm: Checksum["algorithm"], bytes: Uint8Array): Promise<string>;
  /** Shows a line that replaces the one shown before; `done` ends it. */
  showProgress(line: string, done: boolean): void;
}

/** Where to look and what for; the options of `data.mnist` and its like that have to do with files. */
export interface FileOptions {
  readonly dir?: string;
  readonly download?: boolean;
  readonly verify?: boolean;
  readonly cache?: string;
  readonly mirrors?: readonly string[];
  readonly onProgress?: (progress: DownloadProgress) => void;
}

/** A file of the data set as its authors made it. */
export interface OriginalFile {
  readonly name: string;
  readonly dimensions: 1 | 3;
  /** Length, decompressed. */
  readonly length: number;
  readonly checksum: Checksum;
}

/** What tells an original: the digest, in hexadecimal, of the decompressed content or of the `.gz` file. */
export interface Checksum {
  readonly of: "content" | "archive";
  readonly algorithm: "sha256" | "md5";
  readonly digest: string;
}

/** A data set of four IDX files. */
export interface MnistLike {
  /** The function that reads it: `data.mnist`. */
  readonly operation: string;
  /** What it calls itself: `MNIST`. */
  readonly title: string;
  readonly classes: readonly string[];
  /** The folder in the cache, and below the one that `NNLAB_DATA` names. */
  readonly folder: string;
  /** Whether the files may also lie directly in the folder that `NNLAB_DATA` names. */
  readonly isFoundAtTop: boolean;
  /** Addresses of folders with the four `.gz` files. */
  readonly mirrors: readonly string[];
  readonly originals: readonly OriginalFile[];
  /** What to use where there are no files and no network. */
  readonly instead: string;
}

/** A file as found: its path, for messages, and its decompressed content, a whole IDX file. */
export interface IdxFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** Training images, training labels, test images, test labels. */
export type FourFiles = readonly [IdxFile, IdxFile, IdxFile, IdxFile];

/** What every step of the search needs to know. */
interface Search {
  readonly access: FileAccess;
  readonly options: FileOptions;
  readonly set: MnistLike;
}

/** The four files, each whole and, where it has the original's length, the original; or an error. */
export async function obtainMnist(
  access: FileAccess,
  options: FileOptions,
  set: MnistLike,
): Promise<FourFiles> {
  const found = await locate({ access, options, set });
  const [trainImages, trainLabels, testImages, testLabels] = set.originals.map(
    ({ name }) => found.get(name)!,
  );
  return [trainImages!, trainLabels!, testImages!, testLabels!];
}

/** Files by the name of their original. */
type FilesByName = Map<string, IdxFile>;

// ── Where the files are ──────────────────────────────────────────────────────────────────────────────────────────────

async function locate(search: Search): Promise<FilesByName> {
  const { access, options, set } = search;
  if (options.dir !== undefined)
    return readFolder(search, access.absolute(options.dir), `Leave out dir to download ${set.title} once.`);
  const shared = access.environment("NNLAB_DATA");
  if (shared)
    for (const folder of [...(set.isFoundAtTop ? [shared] : []), access.join(shared, set.folder)])
      for (const original of set.originals)
        if ((await variants(access, folder, original)).length > 0)
          return readFolder(search, folder, "The environment variable NNLAB_DATA names this folder.");
  return readCache(search);
}

/** The files of the set in a folder that the user named; all four, or an error. */
async function readFolder(search: Search, folder: string, advice: string): Promise<FilesByName> {
  const { access, options, set } = search;
  const { originals } = set;
  const paths = new Map<OriginalFile, string>();
  for (const original of originals) {
    const [path] = await variants(access, folder, original);
    if (path !== undefined) paths.set(original, path);
  }
  const missing = originals.filter((original) => !paths.has(original)).map(({ name }) => name);
  if (missing.length > 0) {
    const state = !(await access.isFolder(folder))
      ? `there is no folder ${folder}`
      : missing.length === originals.length
        ? `the folder ${folder} has none of ${set.title}'s files`
        : `the folder ${folder} lacks ${missing.join(" and ")}`;
    throw new MissingDataError(
      `${set.operation}: ${state}.\n${whatToPut(search, folder)}\n${advice} ${set.instead}`,
    );
  }
  const found: FilesByName = new Map();
  for (const [original, path] of paths)
    found.set(
      original.name,
      await unpack(search, path, original, await access.read(path), options.verify ?? true),
    );
  return found;
}

/** The paths of a file under the names that archives, browsers and other tools give it. */
async function variants(access: FileAccess, folder: string, { name }: OriginalFile): Promise<string[]> {
  const dotted = name.replace(/-(idx\d)/, ".$1");
  const paths: string[] = [];
  for (const variant of [name, `${name}.gz`, dotted, `${dotted}.gz`]) {
    const path = access.join(folder, variant);
    if (await access.isFile(path)) paths.push(path);
  }
  return paths;
}

// ── The cache and the mirrors ────────────────────────────────────────────────────────────────────────────────────────

/** The cached files, after downloading those that are not there or were damaged. */
async function readCache(search: Search): Promise<FilesByName> {
  const { access, options, set } = search;
  const { originals } = set;
  const folder =
    options.cache === undefined
      ? access.join(access.cacheDirectory(), set.folder)
      : access.absolute(options.cache);
  const found: FilesByName = new Map();
  const reasons: string[] = [];
  for (const original of originals) {
    for (const path of await variants(access, folder, original)) {
      if (found.has(original.name)) break;
      try {
        found.set(original.name, await unpackOriginal(search, path, original, await access.read(path)));
      } catch (error) {
        if (!(error instanceof DataError)) throw error;
        reasons.push(error.message);
      }
    }
  }
  if (found.size < originals.length) {
    if (options.download === false) throw cacheError(search, folder, "and download is false", reasons);
    await fetchMissing(search, folder, found, reasons);
  }
  return found;
}

/** Downloads what `found` lacks, keeps it in `folder` and adds it to `found`. */
async function fetchMissing(
  search: Search,
  folder: string,
  found: FilesByName,
  reasons: readonly string[],
): Promise<void> {
  const { access, options, set } = search;
  const { originals } = set;
  const progress = new Progress(access, set.title, options.onProgress ?? null);
  let unkept: string | null = null;
  try {
    for (const original of originals) {
      if (found.has(original.name)) continue;
      const path = access.join(folder, `${original.name}.gz`);
      const { archive, content } = await fetchFile(search, path, original, progress);
      found.set(original.name, content);
      unkept ??= await keep(access, path, archive);
    }
  } catch (error) {
    progress.end(`${set.title}: the download stopped`);
    if (!(error instanceof DownloadError)) throw error;
    throw cacheError(search, folder, "and could not be downloaded", [...reasons, error.message]);
  }
  progress.end(
    unkept === null
      ? `${set.title}: downloaded to ${folder}`
      : `${set.title}: downloaded, but it could not be kept for the next time: ${unkept}`,
  );
}

async function fetchFile(
  search: Search,
  path: string,
  original: OriginalFile,
  progress: Progress,
): Promise<{ archive: Uint8Array; content: IdxFile }> {
  const { options, set } = search;
  let content: IdxFile | null = null;
  const archive = await download({
    file: `${original.name}.gz`,
    mirrors: options.mirrors ?? set.mirrors,
    onProgress: (state) => {
      checkInterrupt();
      progress.show(state);
    },
    check: async (received) => {
      if (original.checksum.of === "archive" && !isGzip(received))
        return "expected a gzip file, whose checksum is known, found another kind of file";
      try {
        content = await unpackOriginal(search, path, original, received);
        return null;
      } catch (error) {
        if (error instanceof DataError) return error.message.replace(`${path}: `, "");
        throw error;
      }
    },
  });
  return { archive, content: content! };
}

/** Keeps a download for the next time; resolves to why that failed, which stops nobody now. */
async function keep(access: FileAccess, path: string, archive: Uint8Array): Promise<string | null> {
  try {
    await access.writeWhole(path, archive);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function cacheError(
  search: Search,
  folder: string,
  why: string,
  reasons: readonly string[],
): MissingDataError {
  const { operation, title, instead, isFoundAtTop, folder: subfolder } = search.set;
  const details = reasons.length === 0 ? "" : `\n${reasons.join("\n")}`;
  return new MissingDataError(
    `${operation}: ${title} is not on this machine ${why}.${details}\n${whatToPut(search, folder)}\n` +
      `Or put them anywhere else and name the folder: ${operation}({ dir: "…" }), or the environment variable NNLAB_DATA${isFoundAtTop ? "" : ` (there in a subfolder ${subfolder})`}.\n${instead}`,
  );
}

function whatToPut({ set }: Search, folder: string): string {
  const names = set.originals.map(({ name }) => `  ${name}.gz`).join("\n");
  return `Put these four files (as they are, or decompressed) into ${folder}:\n${names}\nThey are at ${set.mirrors[0]}/`;
}

// ── Whether they are what they should be ─────────────────────────────────────────────────────────────────────────────

/** Decompresses where the content (not the name) says gzip, and compares full-sized files with the original. */
async function unpack(
  { access, set }: Search,
  path: string,
  original: OriginalFile,
  raw: Uint8Array,
  verify: boolean,
): Promise<IdxFile> {
  const bytes = isGzip(raw) ? await decompress(access, path, raw) : raw;
  readIdx(bytes, original.dimensions, path);
  const { of, algorithm, digest } = original.checksum;
  if (verify && bytes.length === original.length && (of === "content" || isGzip(raw))) {
    const found = await access.digest(algorithm, of === "content" ? bytes : raw);
    const name = { sha256: "SHA-256", md5: "MD5" }[algorithm];
    if (found !== digest)
      throw new DataError(
        `${path}: expected the original file of ${set.title} (${name} ${digest.slice(0, 12)}…), found other content (${name} ${found.slice(0, 12)}…); ` +
          "the file is damaged. For another data set of the same format, write verify: false",
      );
  }
  return { path, bytes };
}

function isGzip(raw: Uint8Array): boolean {
  return raw[0] === 0x1f && raw[1] === 0x8b;
}

/** As `unpack`, for the cache and downloads, where nothing but the original belongs. */
async function unpackOriginal(
  search: Search,
  path: string,
  original: OriginalFile,
  raw: Uint8Array,
): Promise<IdxFile> {
  const found = await unpack(search, path, original, raw, true);
  if (found.bytes.length === original.length) return found;
  throw new DataError(
    `${path}: expected ${original.length} bytes (decompressed), found ${found.bytes.length}`,
  );
}

async function decompress(access: FileAccess, path: string, raw: Uint8Array): Promise<Uint8Array> {
  try {
    return await access.gunzip(raw);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new DataError(
      `${path}: expected a whole gzip file, found a ${/unexpected end/.test(reason) ? "truncated" : "corrupt"} one of ${raw.length} bytes (${reason}); fetch it again`,
      { cause: error },
    );
  }
}

// ── Progress ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/** One line that is rewritten a few times a second, unless the user watches by `onProgress`. */
export class Progress {
  readonly #access: FileAccess;
  readonly #title: string;
  readonly #watcher: ((progress: DownloadProgress) => void) | null;
  #shownAt = -Infinity;
  #shown = false;

  constructor(access: FileAccess, title: string, watcher: ((progress: DownloadProgress) => void) | null) {
    this.#access = access;
    this.#title = title;
    this.#watcher = watcher;
  }

  show(progress: DownloadProgress): void {
    if (this.#watcher !== null) {
      this.#watcher(progress);
      return;
    }
    const { file, receivedBytes, totalBytes } = progress;
    const complete = receivedBytes === totalBytes;
    if (performance.now() - this.#shownAt < 250 && !complete) return;
    this.#shownAt = performance.now();
    this.#shown = true;
    const of = totalBytes === null ? "" : ` of ${megabytes(totalBytes)}`;
    this.#access.showProgress(
      `${this.#title}: downloading ${file}: ${megabytes(receivedBytes)}${of} MB`,
      false,
    );
  }

  end(line: string): void {
    if (this.#shown) this.#access.showProgress(line, true);
  }
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
