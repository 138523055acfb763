/** `data.cifar10` and `data.cifar100`: small colour photographs (Krizhevsky 2009), from the archives of their binary version. */

import { ArgumentError, describeValue } from "../errors.ts";
import { checkInterrupt } from "../interrupt.ts";
import { checkOptions } from "./checks.ts";
import { Dataset } from "./dataset.ts";
import type { TrainAndTest } from "./digits.ts";
import { DownloadError, download } from "./download.ts";
import { DataError, MissingDataError } from "./errors.ts";
import { type FileAccess, Progress } from "./mnistFiles.ts";
import { imageTensor, labelTensor } from "./pixels.ts";

/** Options of `cifar10`. */
export interface CifarOptions {
  /** Folder with the `.tar.gz` file, or where to keep it; nnlab's folder in the user's cache unless told. */
  readonly dir?: string;
  /** Whether a file that is not there may be downloaded; true unless told. */
  readonly download?: boolean;
  /** Addresses of folders that have the archive, tried in order. */
  readonly mirrors?: readonly string[];
}

/** @internal An archive and what is in it. */
export interface CifarSet {
  readonly operation: string;
  readonly title: string;
  readonly archive: string;
  /** Of the archive, as its author published it. */
  readonly md5: string;
  readonly train: readonly string[];
  readonly test: readonly string[];
  /** Images in each file. */
  readonly perFile: number;
  readonly classes: readonly string[];
}

const pixels = 3 * 32 * 32;

/** @internal */
export const cifar10Set: CifarSet = {
  operation: "data.cifar10",
  title: "CIFAR-10",
  archive: "cifar-10-binary.tar.gz",
  md5: "c32a1d4ab5d03f1284b67883e8d87530",
  train: [1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`),
  test: ["test_batch.bin"],
  perFile: 10_000,
  classes: ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"],
};

/**
 * CIFAR-10: 50,000 training and 10,000 test photographs `[N, 3, 32, 32]` in [0, 1] with labels `[N]` of ten classes. Read from
 * `dir` or the cache, into which the archive is downloaded once (170 MB). Throws a MissingDataError that says which file to
 * put where, or a DataError for an archive that is not the original. Source: Krizhevsky 2009.
 *
 * @example
 * const { train, test } = await data.cifar10();
 */
export async function cifar10(options: CifarOptions = {}): Promise<TrainAndTest> {
  const { nodeFiles } = await import("./nodeFiles.ts");
  return readCifar(nodeFiles, options, cifar10Set);
}

/** @internal `cifar10` on given access to files. */
export async function readCifar(
  access: FileAccess,
  options: CifarOptions,
  set: CifarSet,
): Promise<TrainAndTest> {
  const { operation } = set;
  checkOptions(operation, options, ["dir", "download", "mirrors"]);
  const { dir, mirrors } = options;
  if (dir !== undefined && (typeof dir !== "string" || dir === ""))
    throw new ArgumentError(`${operation}: dir must be the path of a folder; got ${describeValue(dir)}`);
  if (mirrors !== undefined && !Array.isArray(mirrors))
    throw new ArgumentError(
      `${operation}: mirrors must be an array of addresses; got ${describeValue(mirrors)}`,
    );
  const folder = dir === undefined ? access.join(access.cacheDirectory(), "cifar") : access.absolute(dir);
  const { filesInTar } = await import("./tarArchive.ts");
  const files = await filesInTar(await access.gunzip(await obtain(access, options, set, folder)));
  return {
    train: toDataset(set, "training", set.train, files),
    test: toDataset(set, "test", set.test, files),
  };
}

/** The archive's bytes, compared with the original before anything is decompressed. */
async function obtain(
  access: FileAccess,
  options: CifarOptions,
  set: CifarSet,
  folder: string,
): Promise<Uint8Array> {
  const path = access.join(folder, set.archive);
  const fault = async (bytes: Uint8Array) => {
    const md5 = await access.digest("md5", bytes);
    return md5 === set.md5
      ? null
      : `expected the original archive of ${set.title} (MD5 ${set.md5}), found other content (MD5 ${md5}); remove it and fetch it again`;
  };
  if (await access.isFile(path)) {
    const bytes = await access.read(path);
    const wrong = await fault(bytes);
    if (wrong !== null) throw new DataError(`${path}: ${wrong}`);
    return bytes;
  }
  const home = "https://www.cs.toronto.edu/~kriz";
  const remedy = `Put ${set.archive} into ${folder}; it is at ${home}/`;
  if (options.download === false)
    throw new MissingDataError(
      `${set.operation}: ${set.title} is not on this machine and download is false.\n${remedy}`,
    );
  const progress = new Progress(access, set.title, null);
  try {
    const bytes = await download({
      file: set.archive,
      mirrors: options.mirrors ?? [home],
      check: fault,
      onProgress: (state) => {
        checkInterrupt();
        progress.show(state);
      },
    });
    await access.writeWhole(path, bytes);
    progress.end(`${set.title}: downloaded to ${folder}`);
    return bytes;
  } catch (error) {
    progress.end(`${set.title}: the download stopped`);
    if (!(error instanceof DownloadError)) throw error;
    throw new MissingDataError(
      `${set.operation}: ${set.title} is not on this machine and could not be downloaded.\n${error.message}\n${remedy}`,
    );
  }
}

/** Records of a label and 3072 pixels: the red map, the green, the blue. */
function toDataset(
  set: CifarSet,
  part: string,
  names: readonly string[],
  files: Map<string, Uint8Array>,
): Dataset {
  const count = names.length * set.perFile;
  const [images, labels] = [new Uint8Array(count * pixels), new Uint8Array(count)];
  for (const [f, name] of names.entries()) {
    const bytes = files.get(name);
    const expected = set.perFile * (1 + pixels);
    if (bytes?.length !== expected)
      throw new DataError(
        `${set.archive}: expected ${expected} bytes in ${name}, found ${bytes?.length ?? "no such file"}`,
      );
    for (let i = 0; i < set.perFile; i++) {
      const [at, row] = [i * (1 + pixels), f * set.perFile + i];
      const label = bytes[at]!;
      if (label >= set.classes.length)
        throw new DataError(
          `${set.archive}: expected labels from 0 to ${set.classes.length - 1}, found ${label} in ${name} at ${i}`,
        );
      labels[row] = label;
      images.set(bytes.subarray(at + 1, at + 1 + pixels), row * pixels);
    }
  }
  return new Dataset({
    name: `${set.title}, ${part}`,
    images: imageTensor(set.operation, images, [count, 3, 32, 32]),
    labels: labelTensor(set.operation, labels),
    classes: set.classes,
  });
}
