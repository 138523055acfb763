/**
 * `data.mnist`: the handwritten digits of LeCun, Cortes & Burges (1998) as datasets. Where the four files come from is
 * the business of `mnistFiles.ts`.
 */

import { Dataset } from "./dataset.ts";
import { digitClasses, type TrainAndTest } from "./digits.ts";
import { DataError } from "./errors.ts";
import type { FileAccess } from "./fileAccess.ts";
import { readIdx } from "./idx.ts";
import { type IdxFile, type MnistLike, obtainMnist } from "./mnistFiles.ts";
import { imageTensor, labelTensor } from "./pixels.ts";
import {
  checkFlag,
  checkPublishedDataOptions,
  countWithin,
  type PublishedDataOptions,
} from "./publishedFiles.ts";

/** Options of `mnist` and `fashionMnist`. */
export interface MnistOptions extends PublishedDataOptions {
  /** Whether full-sized files must be the original; true unless told, false for other sets of the same format. */
  readonly verify?: boolean;
}

const pixelsPerSide = 28;

/** @internal */
export const mnistSet: MnistLike = {
  operation: "data.mnist",
  title: "MNIST",
  classes: digitClasses,
  folder: "mnist",
  isFoundAtTop: true,
  mirrors: [
    "https://storage.googleapis.com/cvdf-datasets/mnist",
    "https://ossci-datasets.s3.amazonaws.com/mnist",
  ],
  originals: [
    {
      name: "train-images-idx3-ubyte",
      dimensions: 3,
      length: 47_040_016,
      checksum: {
        of: "content",
        algorithm: "sha256",
        digest: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
      },
    },
    {
      name: "train-labels-idx1-ubyte",
      dimensions: 1,
      length: 60_008,
      checksum: {
        of: "content",
        algorithm: "sha256",
        digest: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
      },
    },
    {
      name: "t10k-images-idx3-ubyte",
      dimensions: 3,
      length: 7_840_016,
      checksum: {
        of: "content",
        algorithm: "sha256",
        digest: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
      },
    },
    {
      name: "t10k-labels-idx1-ubyte",
      dimensions: 1,
      length: 10_008,
      checksum: {
        of: "content",
        algorithm: "sha256",
        digest: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
      },
    },
  ],
  instead: "data.digits() makes handwritten-like digits without any file.",
};

/**
 * MNIST: 60,000 training and 10,000 test images `[N, 1, 28, 28]` in [0, 1] with labels `[N]`. Read from `dir`, or from the
 * folder (or its subfolder `mnist`) that the environment variable `NNLAB_DATA` names, else from the cache, into which the
 * files are downloaded once (11 MB). Without a network put `train-images-idx3-ubyte.gz`, `train-labels-idx1-ubyte.gz`,
 * `t10k-images-idx3-ubyte.gz` and `t10k-labels-idx1-ubyte.gz` into one of these folders. Throws a MissingDataError that says which files to put where, or a DataError that
 * names the file, what was expected and what was found; never gives part of a data set.
 *
 * @example
 * const { train, test } = await data.mnist();
 */
export async function mnist(options: MnistOptions = {}): Promise<TrainAndTest> {
  checkMnistOptions(mnistSet.operation, options);
  const { nodeFiles } = await import("./nodeFiles.ts");
  return readMnist(nodeFiles, options);
}

/** `mnist` on given access to files, or another set that is laid out like it. */
export async function readMnist(
  access: FileAccess,
  options: MnistOptions = {},
  set: MnistLike = mnistSet,
): Promise<TrainAndTest> {
  const [trainImages, trainLabels, testImages, testLabels] = await obtainMnist(access, options, set);
  // All four are checked before anything is made of them.
  const train = pair(trainImages, trainLabels);
  const test = pair(testImages, testLabels);
  return {
    train: toDataset(set, "train", train, options.train),
    test: toDataset(set, "test", test, options.test),
  };
}

/** @internal Throws for what is no option of `operation`. */
export function checkMnistOptions(operation: string, options: MnistOptions): void {
  checkPublishedDataOptions(operation, options, ["verify"]);
  if (options.verify !== undefined) checkFlag(operation, "verify", options.verify);
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

function toDataset(
  { operation, title, classes }: MnistLike,
  option: "train" | "test",
  samples: Samples,
  limit: number | undefined,
): Dataset {
  const count = countWithin(operation, option, limit, samples.labels.length);
  const side = pixelsPerSide;
  return new Dataset({
    name: `${title}, ${option === "train" ? "training" : "test"}`,
    images: imageTensor(operation, samples.pixels.subarray(0, count * side * side), [count, 1, side, side]),
    labels: labelTensor(operation, samples.labels.subarray(0, count)),
    classes,
  });
}
