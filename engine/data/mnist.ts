/**
 * `data.mnist`: the handwritten digits of LeCun, Cortes & Burges (1998) as datasets. Where the four files come from is
 * the business of `mnistFiles.ts`.
 */

import { ArgumentError, describeValue } from "../errors.ts";
import { checkCount, checkOptions } from "./checks.ts";
import { Dataset } from "./dataset.ts";
import { digitClasses, type TrainAndTest } from "./digits.ts";
import type { DownloadProgress } from "./download.ts";
import { DataError } from "./errors.ts";
import { readIdx } from "./idx.ts";
import { type FileAccess, type IdxFile, type OriginalFile, obtainMnist } from "./mnistFiles.ts";
import { imageTensor, labelTensor } from "./pixels.ts";

/** Options of `mnist`. */
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

const pixelsPerSide = 28;

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

/** `mnist` on given access to files; other originals than MNIST's are for tests. */
export async function readMnist(
  access: FileAccess,
  options: MnistOptions = {},
  originals?: readonly OriginalFile[],
): Promise<TrainAndTest> {
  const [trainImages, trainLabels, testImages, testLabels] = await obtainMnist(access, options, originals);
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

interface Samples {
  readonly pixels: Uint8Array;
  readonly labels: Uint8Array;
}

/** Images and labels that belong together. */
function pair(images: IdxFile, labels: IdxFile): Samples {
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
