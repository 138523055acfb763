/**
 * `data.mnist`: the handwritten digits of LeCun, Cortes & Burges (1998) from files, or downloaded once. Decides what to
 * read and checks it; touches files only through the `FileAccess` interface, so that it can be loaded without Node.
 */

import { ArgumentError, describeValue } from "../errors.ts";
import { checkInterrupt } from "../interrupt.ts";
import { checkCount, checkOptions } from "./checks.ts";
import { Dataset } from "./dataset.ts";
import { digitClasses, type TrainAndTest } from "./digits.ts";
import { DownloadError, type DownloadProgress, download } from "./download.ts";
import { DataError, MissingDataError } from "./errors.ts";
import { readIdx } from "./idx.ts";
import { imageTensor, labelTensor } from "./pixels.ts";

export interface MnistOptions {
  /** Folder with the four files. Without it: `NNLAB_DATA`, else the cache, else a download into the cache. */
  readonly dir?: string;
  /** Whether files that are not there may be downloaded; true unless told. */
  readonly download?: boolean;
  /** Use only the first so many training samples. */
  readonly train?: number;
  /** Use only the first so many test samples. */
  readonly test?: number;
  /** Whether full-sized files must be the original MNIST; false for sets of the same format, such as Fashion-MNIST. */
  readonly verify?: boolean;
  /** Where downloads are kept, instead of nnlab's folder in the user's cache. */
  readonly cache?: string;
  /** Addresses of folders that have the four `.gz` files, tried in order. */
  readonly mirrors?: readonly string[];
  /** Told of a download as it goes on, instead of a line in the output. */
  readonly onProgress?: (progress: DownloadProgress) => void;
}

/** What reading and keeping files takes: `nodeFiles.ts` on Node. */
export interface FileAccess {
  /** An environment variable, or undefined. */
  environment(name: string): string | undefined;
  /** The folder in which this user's programs keep what they can fetch again. */
  cacheDirectory(): string;
  join(...parts: readonly string[]): string;
  isFile(path: string): Promise<boolean>;
  isFolder(path: string): Promise<boolean>;
  read(path: string): Promise<Uint8Array>;
  /** Either the whole file is there afterwards or nothing changed; makes the folder. */
  writeWhole(path: string, bytes: Uint8Array): Promise<void>;
  gunzip(bytes: Uint8Array): Promise<Uint8Array>;
  /** In hexadecimal. */
  sha256(bytes: Uint8Array): Promise<string>;
  /** Shows a line that replaces the one shown before; `done` ends it. */
  showProgress(line: string, done: boolean): void;
}

const mnistMirrors: readonly string[] = [
  "https://storage.googleapis.com/cvdf-datasets/mnist",
  "https://ossci-datasets.s3.amazonaws.com/mnist",
];

interface MnistFile {
  readonly name: string;
  readonly dimensions: 1 | 3;
  /** Length and SHA-256 of the original file, decompressed. */
  readonly length: number;
  readonly sha256: string;
}

const files = {
  trainImages: {
    name: "train-images-idx3-ubyte",
    dimensions: 3,
    length: 47_040_016,
    sha256: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
  },
  trainLabels: {
    name: "train-labels-idx1-ubyte",
    dimensions: 1,
    length: 60_008,
    sha256: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
  },
  testImages: {
    name: "t10k-images-idx3-ubyte",
    dimensions: 3,
    length: 7_840_016,
    sha256: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
  },
  testLabels: {
    name: "t10k-labels-idx1-ubyte",
    dimensions: 1,
    length: 10_008,
    sha256: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
  },
} as const satisfies Record<string, MnistFile>;

const fileList: readonly MnistFile[] = Object.values(files);
const pixelsPerSide = 28;
const needsNone = "data.digits() makes handwritten-like digits without any file.";

/**
 * MNIST: 60,000 training and 10,000 test images `[N, 1, 28, 28]` in [0, 1] with labels `[N]`. Read from `dir`, or from the
 * folder (or its subfolder `mnist`) that the environment variable `NNLAB_DATA` names, else from the cache, into which the
 * files are downloaded once (11 MB). Throws a MissingDataError that says which files to put where, or a DataError that
 * names the file, what was expected and what was found; never gives part of a data set.
 *
 * @example
 * const { train, test } = await data.mnist();
 */
export async function mnist(options: MnistOptions = {}): Promise<TrainAndTest> {
  checkMnistOptions(options);
  const { nodeFiles } = await import("./nodeFiles.ts");
  return readMnist(nodeFiles, options);
}

/** `mnist` on given access to files. */
export async function readMnist(access: FileAccess, options: MnistOptions = {}): Promise<TrainAndTest> {
  const source = await locate(access, options);
  const [trainImages, trainLabels, testImages, testLabels] = [
    source.get(files.trainImages.name)!,
    source.get(files.trainLabels.name)!,
    source.get(files.testImages.name)!,
    source.get(files.testLabels.name)!,
  ];
  // All four are checked before anything is made of them.
  const train = pair(trainImages, trainLabels);
  const test = pair(testImages, testLabels);
  return {
    train: toDataset("MNIST, training", train, options.train, "train"),
    test: toDataset("MNIST, test", test, options.test, "test"),
  };
}

function checkMnistOptions(options: MnistOptions): void {
  checkOptions("data.mnist", options, [
    "dir",
    "download",
    "train",
    "test",
    "verify",
    "cache",
    "mirrors",
    "onProgress",
  ]);
  const { dir, download: mayDownload, train, test, verify, cache, mirrors } = options;
  for (const [name, path] of Object.entries({ dir, cache }))
    if (path !== undefined && (typeof path !== "string" || path === ""))
      throw new ArgumentError(`data.mnist: ${name} must be the path of a folder; got ${describeValue(path)}`);
  for (const [name, flag] of Object.entries({ download: mayDownload, verify }))
    if (flag !== undefined && typeof flag !== "boolean")
      throw new ArgumentError(`data.mnist: ${name} must be true or false; got ${describeValue(flag)}`);
  if (train !== undefined) checkCount("data.mnist", "train", train);
  if (test !== undefined) checkCount("data.mnist", "test", test);
  if (mirrors !== undefined && !Array.isArray(mirrors))
    throw new ArgumentError(
      `data.mnist: mirrors must be an array of addresses; got ${describeValue(mirrors)}`,
    );
}

// ── Where the files are ──────────────────────────────────────────────────────────────────────────────────────────────

/** A file as found: its path, for messages, and its decompressed content. */
interface Found {
  readonly path: string;
  readonly file: MnistFile;
  readonly bytes: Uint8Array;
}

type FourFiles = ReadonlyMap<string, Found>;

async function locate(access: FileAccess, options: MnistOptions): Promise<FourFiles> {
  const { dir } = options;
  if (dir !== undefined) return readFolder(access, dir, options, "Leave out dir to download MNIST once.");
  const shared = access.environment("NNLAB_DATA");
  if (shared)
    for (const folder of [shared, access.join(shared, "mnist")])
      for (const file of fileList)
        if ((await findVariant(access, folder, file)) !== null)
          return readFolder(
            access,
            folder,
            options,
            "The environment variable NNLAB_DATA names this folder.",
          );
  return readCache(access, options);
}

/** The files of MNIST in a folder that the user named; all four, or an error. */
async function readFolder(
  access: FileAccess,
  folder: string,
  options: MnistOptions,
  advice: string,
): Promise<FourFiles> {
  const paths = new Map<MnistFile, string>();
  for (const file of fileList) {
    const path = await findVariant(access, folder, file);
    if (path !== null) paths.set(file, path);
  }
  const missing = fileList.filter((file) => !paths.has(file)).map((file) => file.name);
  if (missing.length > 0) {
    const state = !(await access.isFolder(folder))
      ? `there is no folder ${folder}`
      : missing.length === fileList.length
        ? `the folder ${folder} has none of MNIST's files`
        : `the folder ${folder} lacks ${missing.join(" and ")}`;
    throw new MissingDataError(`data.mnist: ${state}.\n${whatToPut(folder)}\n${advice} ${needsNone}`);
  }
  const found = new Map<string, Found>();
  for (const [file, path] of paths)
    found.set(file.name, await unpack(access, path, file, await access.read(path), options.verify ?? true));
  return found;
}

/** The cached files, after downloading those that are not there or were damaged. */
async function readCache(access: FileAccess, options: MnistOptions): Promise<FourFiles> {
  const folder = options.cache ?? access.join(access.cacheDirectory(), "mnist");
  const found = new Map<string, Found>();
  const reasons: string[] = [];
  for (const file of fileList) {
    const path = await findVariant(access, folder, file);
    if (path === null) continue;
    try {
      found.set(file.name, await unpackOriginal(access, path, file, await access.read(path)));
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      reasons.push(error.message);
    }
  }
  if (found.size === fileList.length) return found;
  if (options.download === false) throw cacheError(folder, "and download is false", reasons);
  const progress = new Progress(access, options.onProgress ?? null);
  let unkept: string | null = null;
  try {
    for (const file of fileList) {
      if (found.has(file.name)) continue;
      const path = access.join(folder, `${file.name}.gz`);
      const received = await fetchFile(access, path, file, options, progress);
      found.set(file.name, received.content);
      unkept = (await keep(access, path, received.archive)) ?? unkept;
    }
  } catch (error) {
    progress.end("MNIST: the download failed");
    if (!(error instanceof DownloadError)) throw error;
    throw cacheError(folder, "and could not be downloaded", [...reasons, error.message]);
  }
  progress.end(
    unkept === null
      ? `MNIST: downloaded to ${folder}`
      : `MNIST: downloaded, but it could not be kept for the next time: ${unkept}`,
  );
  return found;
}

/** Keeps a download for the next time; resolves to why that failed, which does not stop anyone now. */
async function keep(access: FileAccess, path: string, archive: Uint8Array): Promise<string | null> {
  try {
    await access.writeWhole(path, archive);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function cacheError(folder: string, why: string, reasons: readonly string[]): MissingDataError {
  const details = reasons.length === 0 ? "" : `\n${reasons.join("\n")}`;
  return new MissingDataError(
    `data.mnist: MNIST is not on this machine ${why}.${details}\n${whatToPut(folder)}\n` +
      `Or put them anywhere else and name the folder: data.mnist({ dir: "…" }), or the environment variable NNLAB_DATA.\n${needsNone}`,
  );
}

function whatToPut(folder: string): string {
  const names = fileList.map((file) => `  ${file.name}.gz`).join("\n");
  return `Put these four files (as they are, or decompressed) into ${folder}:\n${names}\nThey are at ${mnistMirrors[0]}/`;
}

async function fetchFile(
  access: FileAccess,
  path: string,
  file: MnistFile,
  options: MnistOptions,
  progress: Progress,
): Promise<{ archive: Uint8Array; content: Found }> {
  let content: Found | null = null;
  const archive = await download({
    file: `${file.name}.gz`,
    mirrors: options.mirrors ?? mnistMirrors,
    onProgress: (state) => {
      checkInterrupt();
      progress.show(state);
    },
    check: async (received) => {
      try {
        content = await unpackOriginal(access, path, file, received);
        return null;
      } catch (error) {
        if (error instanceof DataError) return error.message.replace(`${path}: `, "");
        throw error;
      }
    },
  });
  return { archive, content: content! };
}

/** The path of a file under any of the names that archives, browsers and other tools give it. */
async function findVariant(access: FileAccess, folder: string, { name }: MnistFile): Promise<string | null> {
  const dotted = name.replace(/-(idx\d)/, ".$1");
  for (const variant of [name, `${name}.gz`, dotted, `${dotted}.gz`]) {
    const path = access.join(folder, variant);
    if (await access.isFile(path)) return path;
  }
  return null;
}

// ── Whether they are what they should be ─────────────────────────────────────────────────────────────────────────────

/** Decompresses where the content (not the name) says gzip, and compares full-sized files with the original. */
async function unpack(
  access: FileAccess,
  path: string,
  file: MnistFile,
  raw: Uint8Array,
  verify: boolean,
): Promise<Found> {
  const isGzip = raw[0] === 0x1f && raw[1] === 0x8b;
  const bytes = isGzip ? await decompress(access, path, raw) : raw;
  readIdx(bytes, file.dimensions, path);
  if (verify && bytes.length === file.length) {
    const sha256 = await access.sha256(bytes);
    if (sha256 !== file.sha256)
      throw new DataError(
        `${path}: expected the original file of MNIST (SHA-256 ${file.sha256.slice(0, 12)}…), found other content (SHA-256 ${sha256.slice(0, 12)}…); ` +
          "the file is damaged. For another data set of the same format, such as Fashion-MNIST, write verify: false",
      );
  }
  return { path, file, bytes };
}

/** As `unpack`, for the cache and downloads, where nothing but the original belongs. */
async function unpackOriginal(
  access: FileAccess,
  path: string,
  file: MnistFile,
  raw: Uint8Array,
): Promise<Found> {
  const found = await unpack(access, path, file, raw, true);
  if (found.bytes.length === file.length) return found;
  throw new DataError(`${path}: expected ${file.length} bytes (decompressed), found ${found.bytes.length}`);
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

interface Samples {
  readonly pixels: Uint8Array;
  readonly labels: Uint8Array;
}

/** Images and labels that belong together. */
function pair(images: Found, labels: Found): Samples {
  const { shape, values: pixels } = readIdx(images.bytes, 3, images.path);
  const { values } = readIdx(labels.bytes, 1, labels.path);
  const [count, height, width] = shape;
  if (height !== pixelsPerSide || width !== pixelsPerSide)
    throw new DataError(`${images.path}: expected images of 28 × 28, found ${height} × ${width}`);
  if (count === 0) throw new DataError(`${images.path}: expected images, found none`);
  if (count !== values.length)
    throw new DataError(
      `${labels.path}: expected ${count} labels, one for each image of ${images.path}, found ${values.length}`,
    );
  const wrong = values.findIndex((label) => label > 9);
  if (wrong !== -1)
    throw new DataError(`${labels.path}: expected labels from 0 to 9, found ${values[wrong]} at ${wrong}`);
  return { pixels, labels: values };
}

function toDataset(name: string, samples: Samples, limit: number | undefined, option: string): Dataset {
  const all = samples.labels.length;
  const count = limit ?? all;
  if (count > all)
    throw new ArgumentError(`data.mnist: ${option} is ${count}, but there are only ${all} such samples`);
  const side = pixelsPerSide;
  return new Dataset({
    name,
    images: imageTensor("data.mnist", samples.pixels.subarray(0, count * side * side), [
      count,
      1,
      side,
      side,
    ]),
    labels: labelTensor("data.mnist", samples.labels.subarray(0, count)),
    classes: digitClasses,
  });
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
