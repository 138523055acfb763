/**
 * The four files of MNIST: found in a folder, in the cache or on a mirror, decompressed and compared with the originals.
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
  sha256(bytes: Uint8Array): Promise<string>;
  /** Shows a line that replaces the one shown before; `done` ends it. */
  showProgress(line: string, done: boolean): void;
}

/** Where to look and what for; the options of `data.mnist` that have to do with files. */
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
  /** Length and SHA-256, decompressed. */
  readonly length: number;
  readonly sha256: string;
}

/** A file as found: its path, for messages, and its decompressed content, a whole IDX file. */
export interface IdxFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** Training images, training labels, test images, test labels. */
export type FourFiles = readonly [IdxFile, IdxFile, IdxFile, IdxFile];

const mnistMirrors: readonly string[] = [
  "https://storage.googleapis.com/cvdf-datasets/mnist",
  "https://ossci-datasets.s3.amazonaws.com/mnist",
];

const mnistOriginals: readonly OriginalFile[] = [
  {
    name: "train-images-idx3-ubyte",
    dimensions: 3,
    length: 47_040_016,
    sha256: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
  },
  {
    name: "train-labels-idx1-ubyte",
    dimensions: 1,
    length: 60_008,
    sha256: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
  },
  {
    name: "t10k-images-idx3-ubyte",
    dimensions: 3,
    length: 7_840_016,
    sha256: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
  },
  {
    name: "t10k-labels-idx1-ubyte",
    dimensions: 1,
    length: 10_008,
    sha256: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
  },
];

const needsNone = "data.digits() makes handwritten-like digits without any file.";

/** What every step of the search needs to know. */
interface Search {
  readonly access: FileAccess;
  readonly options: FileOptions;
  readonly originals: readonly OriginalFile[];
}

/** The four files, each whole and, where it has the original's length, the original; or an error. */
export async function obtainMnist(
  access: FileAccess,
  options: FileOptions,
  originals: readonly OriginalFile[] = mnistOriginals,
): Promise<FourFiles> {
  const found = await locate({ access, options, originals });
  const [trainImages, trainLabels, testImages, testLabels] = originals.map(({ name }) => found.get(name)!);
  return [trainImages!, trainLabels!, testImages!, testLabels!];
}

/** Files by the name of their original. */
type FilesByName = Map<string, IdxFile>;

// ── Where the files are ──────────────────────────────────────────────────────────────────────────────────────────────

async function locate(search: Search): Promise<FilesByName> {
  const { access, options, originals } = search;
  if (options.dir !== undefined)
    return readFolder(search, access.absolute(options.dir), "Leave out dir to download MNIST once.");
  const shared = access.environment("NNLAB_DATA");
  if (shared)
    for (const folder of [shared, access.join(shared, "mnist")])
      for (const original of originals)
        if ((await variants(access, folder, original)).length > 0)
          return readFolder(search, folder, "The environment variable NNLAB_DATA names this folder.");
  return readCache(search);
}

/** The files of MNIST in a folder that the user named; all four, or an error. */
async function readFolder(search: Search, folder: string, advice: string): Promise<FilesByName> {
  const { access, options, originals } = search;
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
        ? `the folder ${folder} has none of MNIST's files`
        : `the folder ${folder} lacks ${missing.join(" and ")}`;
    throw new MissingDataError(`data.mnist: ${state}.\n${whatToPut(search, folder)}\n${advice} ${needsNone}`);
  }
  const found: FilesByName = new Map();
  for (const [original, path] of paths)
    found.set(
      original.name,
      await unpack(access, path, original, await access.read(path), options.verify ?? true),
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
  const { access, options, originals } = search;
  const folder =
    options.cache === undefined
      ? access.join(access.cacheDirectory(), "mnist")
      : access.absolute(options.cache);
  const found: FilesByName = new Map();
  const reasons: string[] = [];
  for (const original of originals) {
    for (const path of await variants(access, folder, original)) {
      if (found.has(original.name)) break;
      try {
        found.set(original.name, await unpackOriginal(access, path, original, await access.read(path)));
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
  const { access, options, originals } = search;
  const progress = new Progress(access, options.onProgress ?? null);
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
    progress.end("MNIST: the download stopped");
    if (!(error instanceof DownloadError)) throw error;
    throw cacheError(search, folder, "and could not be downloaded", [...reasons, error.message]);
  }
  progress.end(
    unkept === null
      ? `MNIST: downloaded to ${folder}`
      : `MNIST: downloaded, but it could not be kept for the next time: ${unkept}`,
  );
}

async function fetchFile(
  { access, options }: Search,
  path: string,
  original: OriginalFile,
  progress: Progress,
): Promise<{ archive: Uint8Array; content: IdxFile }> {
  let content: IdxFile | null = null;
  const archive = await download({
    file: `${original.name}.gz`,
    mirrors: options.mirrors ?? mnistMirrors,
    onProgress: (state) => {
      checkInterrupt();
      progress.show(state);
    },
    check: async (received) => {
      try {
        content = await unpackOriginal(access, path, original, received);
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
  const details = reasons.length === 0 ? "" : `\n${reasons.join("\n")}`;
  return new MissingDataError(
    `data.mnist: MNIST is not on this machine ${why}.${details}\n${whatToPut(search, folder)}\n` +
      `Or put them anywhere else and name the folder: data.mnist({ dir: "…" }), or the environment variable NNLAB_DATA.\n${needsNone}`,
  );
}

function whatToPut({ originals }: Search, folder: string): string {
  const names = originals.map(({ name }) => `  ${name}.gz`).join("\n");
  return `Put these four files (as they are, or decompressed) into ${folder}:\n${names}\nThey are at ${mnistMirrors[0]}/`;
}

// ── Whether they are what they should be ─────────────────────────────────────────────────────────────────────────────

/** Decompresses where the content (not the name) says gzip, and compares full-sized files with the original. */
async function unpack(
  access: FileAccess,
  path: string,
  original: OriginalFile,
  raw: Uint8Array,
  verify: boolean,
): Promise<IdxFile> {
  const isGzip = raw[0] === 0x1f && raw[1] === 0x8b;
  const bytes = isGzip ? await decompress(access, path, raw) : raw;
  readIdx(bytes, original.dimensions, path);
  if (verify && bytes.length === original.length) {
    const sha256 = await access.sha256(bytes);
    if (sha256 !== original.sha256)
      throw new DataError(
        `${path}: expected the original file of MNIST (SHA-256 ${original.sha256.slice(0, 12)}…), found other content (SHA-256 ${sha256.slice(0, 12)}…); ` +
          "the file is damaged. For another data set of the same format, such as Fashion-MNIST, write verify: false",
      );
  }
  return { path, bytes };
}

/** As `unpack`, for the cache and downloads, where nothing but the original belongs. */
async function unpackOriginal(
  access: FileAccess,
  path: string,
  original: OriginalFile,
  raw: Uint8Array,
): Promise<IdxFile> {
  const found = await unpack(access, path, original, raw, true);
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
class Progress {
  readonly #access: FileAccess;
  readonly #watcher: ((progress: DownloadProgress) => void) | null;
  #shownAt = -Infinity;
  #shown = false;

  constructor(access: FileAccess, watcher: ((progress: DownloadProgress) => void) | null) {
    this.#access = access;
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
    this.#access.showProgress(`MNIST: downloading ${file}: ${megabytes(receivedBytes)}${of} MB`, false);
  }

  end(line: string): void {
    if (this.#shown) this.#access.showProgress(line, true);
  }
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
