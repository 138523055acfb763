/**
 * The files of a data set as its authors published them: found in a folder, in the cache or on a mirror. What is in them, and
 * whether it is the original, each set knows itself. Touches the file system only through `FileAccess`, so that it can be loaded
 * without Node.
 */

import { ArgumentError, describeValue } from "../errors.ts";
import { checkInterrupt } from "../interrupt.ts";
import { checkNames } from "../options.ts";
import { checkCount } from "./checks.ts";
import { DownloadError, type DownloadProgress, download } from "./download.ts";
import { DataError, MissingDataError } from "./errors.ts";
import type { DigestAlgorithm, FileAccess } from "./fileAccess.ts";
import { ProgressLine } from "./progressLine.ts";

/** Options of the data sets that are read from their authors' files: `mnist`, `fashionMnist`, `cifar10`, `cifar100`. */
export interface PublishedDataOptions {
  /** Folder with the files, in which nothing is changed. Without it: `NNLAB_DATA`, else the cache, else a download into the cache. */
  readonly dir?: string;
  /** Whether files that are not there may be downloaded; true unless told. */
  readonly download?: boolean;
  /** Use only the first so many training samples. */
  readonly train?: number;
  /** Use only the first so many test samples. */
  readonly test?: number;
  /** Where downloads are kept, instead of nnlab's folder in the user's cache. */
  readonly cache?: string;
  /** Addresses of folders that have the files, tried in order. */
  readonly mirrors?: readonly string[];
  /** Told of a download as it goes on, instead of a line in the output. */
  readonly onProgress?: (progress: DownloadProgress) => void;
}

/** One of the files of a set. */
export interface PublishedFile<Content> {
  /** Its name on the mirrors and in the cache. */
  readonly archive: string;
  /** The names that archives, browsers and other tools give it. */
  readonly names: readonly string[];
  /** What is in the bytes found at `path`, or a DataError. */
  readonly open: (access: FileAccess, path: string, raw: Uint8Array, source: FileSource) => Promise<Content>;
}

/** Where bytes come from: in the user's own folders there may be other sets of the same format, on mirrors archives only. */
export type FileSource = "folder" | "cache" | "mirror";

/** A data set and where it may be. */
export interface PublishedSet<Content> {
  /** The function that reads it: `data.mnist`. */
  readonly operation: string;
  /** What it calls itself: `MNIST`. */
  readonly title: string;
  /** The folder in the cache, and below the one that `NNLAB_DATA` names. */
  readonly folder: string;
  /** Whether the files may also lie directly in the folder that `NNLAB_DATA` names. */
  readonly isFoundAtTop: boolean;
  /** Addresses of folders with the files. */
  readonly mirrors: readonly string[];
  readonly files: readonly PublishedFile<Content>[];
  /** What to put into a folder: `this archive`. */
  readonly wanted: string;
  /** What to use where there are no files and no network. */
  readonly instead: string;
}

/** What every step of the search needs to know. */
interface Search<Content> {
  readonly access: FileAccess;
  readonly options: PublishedDataOptions;
  readonly set: PublishedSet<Content>;
}

/** Contents by file. */
type Contents<Content> = Map<PublishedFile<Content>, Content>;

/** Throws for what is no option of `operation`; `known` lists what it takes besides those that all such sets have. */
export function checkPublishedDataOptions(
  operation: string,
  options: PublishedDataOptions,
  known: readonly string[] = [],
): void {
  const common = ["dir", "download", "train", "test", "cache", "mirrors", "onProgress"];
  checkNames(operation, options, [...common, ...known]);
  const { dir, download: mayDownload, train, test, cache, mirrors, onProgress } = options;
  for (const [name, path] of Object.entries({ dir, cache }))
    if (path !== undefined && (typeof path !== "string" || path === ""))
      throw new ArgumentError(
        `${operation}: ${name} must be the path of a folder; got ${describeValue(path)}`,
      );
  if (mayDownload !== undefined) checkFlag(operation, "download", mayDownload);
  if (train !== undefined) checkCount(operation, "train", train);
  if (test !== undefined) checkCount(operation, "test", test);
  if (mirrors !== undefined && !(Array.isArray(mirrors) && mirrors.every((one) => typeof one === "string")))
    throw new ArgumentError(
      `${operation}: mirrors must be an array of addresses; got ${describeValue(mirrors)}`,
    );
  if (onProgress !== undefined && typeof onProgress !== "function")
    throw new ArgumentError(`${operation}: onProgress must be a function; got ${describeValue(onProgress)}`);
}

export function checkFlag(operation: string, option: string, value: unknown): void {
  if (typeof value === "boolean") return;
  throw new ArgumentError(`${operation}: ${option} must be true or false; got ${describeValue(value)}`);
}

/** How many of the samples to use: `limit`, or all. */
export function countWithin(
  operation: string,
  part: "train" | "test",
  limit: number | undefined,
  all: number,
): number {
  if (limit === undefined || limit <= all) return limit ?? all;
  throw new ArgumentError(`${operation}: ${part} is ${limit}, but there are only ${all} such samples`);
}

/** The contents of the set's files, in their order; all of them, or an error. */
export async function obtain<Content>(
  access: FileAccess,
  options: PublishedDataOptions,
  set: PublishedSet<Content>,
): Promise<Content[]> {
  const found = await locate({ access, options, set });
  return set.files.map((file) => found.get(file)!);
}

// ── Where the files are ──────────────────────────────────────────────────────────────────────────────────────────────

async function locate<Content>(search: Search<Content>): Promise<Contents<Content>> {
  const { access, options, set } = search;
  if (options.dir !== undefined)
    return readFolder(search, access.absolute(options.dir), `Leave out dir to download ${set.title} once.`);
  const shared = access.environment("NNLAB_DATA");
  if (shared)
    for (const folder of [...(set.isFoundAtTop ? [shared] : []), access.join(shared, set.folder)])
      for (const file of set.files)
        if ((await pathsOf(access, folder, file)).length > 0)
          return readFolder(search, folder, "The environment variable NNLAB_DATA names this folder.");
  return readCache(search);
}

/** The files of the set in a folder that the user named; all of them, or an error. Nothing in there is ever changed. */
async function readFolder<Content>(
  search: Search<Content>,
  folder: string,
  advice: string,
): Promise<Contents<Content>> {
  const { access, set } = search;
  const paths = new Map<PublishedFile<Content>, string>();
  for (const file of set.files) {
    const [path] = await pathsOf(access, folder, file);
    if (path !== undefined) paths.set(file, path);
  }
  const missing = set.files.filter((file) => !paths.has(file)).map(({ names }) => names[0]);
  if (missing.length > 0) {
    const state = !(await access.isFolder(folder))
      ? `there is no folder ${folder}`
      : missing.length === set.files.length
        ? `the folder ${folder} has none of ${set.title}'s files`
        : `the folder ${folder} lacks ${missing.join(" and ")}`;
    throw new MissingDataError(
      `${set.operation}: ${state}.\n${whatToPut(set, folder)}\n${advice} ${set.instead}`,
    );
  }
  const found: Contents<Content> = new Map();
  for (const [file, path] of paths)
    try {
      found.set(file, await file.open(access, path, await readBytes(access, path), "folder"));
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      throw new DataError(
        `${error.message}\nThe original is at ${set.mirrors[0]}/${file.archive}; your own folder is left as it is.`,
        { cause: error },
      );
    }
  return found;
}

async function pathsOf<Content>(
  access: FileAccess,
  folder: string,
  { names }: PublishedFile<Content>,
): Promise<string[]> {
  const paths: string[] = [];
  for (const name of names) {
    const path = access.join(folder, name);
    if (await access.isFile(path)) paths.push(path);
  }
  return paths;
}

async function readBytes(access: FileAccess, path: string): Promise<Uint8Array> {
  try {
    return await access.read(path);
  } catch (error) {
    throw new DataError(`${path}: expected a file that may be read (${reasonOf(error)})`, { cause: error });
  }
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

// ── The cache and the mirrors ────────────────────────────────────────────────────────────────────────────────────────

/** The cached files, after downloading those that are not there or were damaged. */
async function readCache<Content>(search: Search<Content>): Promise<Contents<Content>> {
  const { access, options, set } = search;
  const folder =
    options.cache === undefined
      ? access.join(access.cacheDirectory(), set.folder)
      : access.absolute(options.cache);
  const found: Contents<Content> = new Map();
  const reasons: string[] = [];
  for (const file of set.files) {
    for (const path of await pathsOf(access, folder, file)) {
      if (found.has(file)) break;
      try {
        found.set(file, await file.open(access, path, await readBytes(access, path), "cache"));
      } catch (error) {
        if (!(error instanceof DataError)) throw error;
        reasons.push(error.message);
      }
    }
  }
  if (found.size < set.files.length) {
    if (options.download === false) throw cacheError(search, folder, "and download is false", reasons);
    await fetchMissing(search, folder, found, reasons);
  }
  return found;
}

/** Downloads what `found` lacks, keeps it in `folder` and adds it to `found`. */
async function fetchMissing<Content>(
  search: Search<Content>,
  folder: string,
  found: Contents<Content>,
  reasons: readonly string[],
): Promise<void> {
  const { access, options, set } = search;
  const progress = new ProgressLine(access, set.title, options.onProgress ?? null);
  let unkept: string | null = null;
  try {
    for (const file of set.files) {
      if (found.has(file)) continue;
      const path = access.join(folder, file.archive);
      const { raw, content } = await fetchFile(search, path, file, progress);
      found.set(file, content);
      unkept ??= await keep(access, path, raw);
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

async function fetchFile<Content>(
  { access, options, set }: Search<Content>,
  path: string,
  file: PublishedFile<Content>,
  progress: ProgressLine,
): Promise<{ raw: Uint8Array; content: Content }> {
  let opened: { content: Content } | null = null;
  const raw = await download({
    file: file.archive,
    mirrors: options.mirrors ?? set.mirrors,
    onProgress: (state) => {
      checkInterrupt();
      progress.show(state);
    },
    check: async (received) => {
      try {
        opened = { content: await file.open(access, path, received, "mirror") };
        return null;
      } catch (error) {
        if (error instanceof DataError) return error.message.replace(`${path}: `, "");
        throw error;
      }
    },
  });
  return { raw, content: opened!.content };
}

/** Keeps a download for the next time; resolves to why that failed, which stops nobody now. */
async function keep(access: FileAccess, path: string, raw: Uint8Array): Promise<string | null> {
  try {
    await access.writeWhole(path, raw);
    return null;
  } catch (error) {
    return reasonOf(error);
  }
}

function cacheError<Content>(
  { set }: Search<Content>,
  folder: string,
  why: string,
  reasons: readonly string[],
): MissingDataError {
  const { operation, title, instead, isFoundAtTop, files } = set;
  const details = reasons.length === 0 ? "" : `\n${reasons.join("\n")}`;
  const subfolder = isFoundAtTop ? "" : ` (there in a subfolder ${set.folder})`;
  return new MissingDataError(
    `${operation}: ${title} is not on this machine ${why}.${details}\n${whatToPut(set, folder)}\n` +
      `Or put ${files.length === 1 ? "it" : "them"} anywhere else and name the folder: ${operation}({ dir: "…" }), or the environment variable NNLAB_DATA${subfolder}.\n${instead}`,
  );
}

function whatToPut<Content>({ files, mirrors, wanted }: PublishedSet<Content>, folder: string): string {
  const names = files.map(({ archive }) => `  ${archive}`).join("\n");
  return `Put ${wanted} into ${folder}:\n${names}\n${files.length === 1 ? "It is" : "They are"} at ${mirrors[0]}/`;
}

// ── Whether they are what they should be ─────────────────────────────────────────────────────────────────────────────

/** The digest, in hexadecimal, that the authors published or that was taken of their file. */
export interface Digest {
  readonly algorithm: DigestAlgorithm;
  readonly digest: string;
}

/** Throws where the digest of `bytes` is not the original's, and says that `then`. */
export async function checkOriginal(
  access: FileAccess,
  title: string,
  path: string,
  { algorithm, digest }: Digest,
  bytes: Uint8Array,
  then = "the file is damaged",
): Promise<void> {
  const found = await access.digest(algorithm, bytes);
  const name = { sha256: "SHA-256", md5: "MD5" }[algorithm];
  if (found !== digest)
    throw new DataError(
      `${path}: expected the original file of ${title} (${name} ${digest.slice(0, 12)}…), found other content (${name} ${found.slice(0, 12)}…); ${then}`,
    );
}
