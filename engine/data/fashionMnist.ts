/** `data.fashionMnist`: pictures of clothes in MNIST's files and shapes (Xiao, Rasul & Vollgraf 2017). */

import type { TrainAndTest } from "./digits.ts";
import { checkMnistOptions, type MnistOptions, readMnist } from "./mnist.ts";
import type { MnistLike, OriginalFile } from "./mnistFiles.ts";

/** A file of the set by the MD5 of its archive, which the authors published. */
function original(name: string, dimensions: 1 | 3, length: number, digest: string): OriginalFile {
  return { name, dimensions, length, checksum: { of: "archive", algorithm: "md5", digest } };
}

/** @internal */
export const fashionMnistSet: MnistLike = {
  operation: "data.fashionMnist",
  title: "Fashion-MNIST",
  classes: [
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
  ],
  folder: "fashion-mnist",
  // Its files have the names of MNIST's: directly in the shared folder they could be either.
  isFoundAtTop: false,
  mirrors: [
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
    "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion",
  ],
  originals: [
    original("train-images-idx3-ubyte", 3, 47_040_016, "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
    original("train-labels-idx1-ubyte", 1, 60_008, "25c81989df183df01b3e8a0aad5dffbe"),
    original("t10k-images-idx3-ubyte", 3, 7_840_016, "bef4ecab320f06d8554ea6380940ec79"),
    original("t10k-labels-idx1-ubyte", 1, 10_008, "bb300cfdad3c16e7a12a480ee83cd310"),
  ],
  instead: "data.shapes() and data.digits() make pictures without any file.",
};

/**
 * Fashion-MNIST: 60,000 training and 10,000 test images `[N, 1, 28, 28]` in [0, 1] of ten kinds of clothes, harder than MNIST,
 * with labels `[N]`. Read from `dir`, or from the subfolder `fashion-mnist` of the folder that the environment variable
 * `NNLAB_DATA` names, else from the cache, into which the files are downloaded once (31 MB). Without a network put the authors'
 * `train-images-idx3-ubyte.gz`, `train-labels-idx1-ubyte.gz`, `t10k-images-idx3-ubyte.gz` and `t10k-labels-idx1-ubyte.gz` (they are
 * called as MNIST's) into one of these folders. Throws as `mnist` does.
 *
 * @example
 * const { train, test } = await data.fashionMnist({ train: 10000 });
 */
export async function fashionMnist(options: MnistOptions = {}): Promise<TrainAndTest> {
  checkMnistOptions(fashionMnistSet.operation, options);
  const { nodeFiles } = await import("./nodeFiles.ts");
  return readMnist(nodeFiles, options, fashionMnistSet);
}
