/** `data.cifar10` and `data.cifar100`: small colour photographs (Krizhevsky 2009), from the archives of their binary version. */

import { Dataset } from "./dataset.ts";
import type { TrainAndTest } from "./digits.ts";
import { DataError } from "./errors.ts";
import type { FileAccess } from "./fileAccess.ts";
import { imageTensor, labelTensor } from "./pixels.ts";
import {
  checkOriginal,
  checkPublishedDataOptions,
  countWithin,
  obtain,
  type PublishedDataOptions,
} from "./publishedFiles.ts";

/** @internal An archive and what is in it. */
export interface CifarSet {
  readonly operation: string;
  readonly title: string;
  readonly archive: string;
  /** Of the archive, as its author published it. */
  readonly md5: string;
  readonly train: CifarPart;
  readonly test: CifarPart;
  readonly classes: readonly string[];
  /** What the byte before the label of its class counts; null where there is no such byte. */
  readonly superclasses: readonly string[] | null;
}

interface CifarPart {
  readonly files: readonly string[];
  /** Images in each file. */
  readonly perFile: number;
}

const pixels = 3 * 32 * 32;

/** @internal */
export const cifar10Set: CifarSet = {
  operation: "data.cifar10",
  title: "CIFAR-10",
  archive: "cifar-10-binary.tar.gz",
  md5: "c32a1d4ab5d03f1284b67883e8d87530",
  train: { files: [1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`), perFile: 10_000 },
  test: { files: ["test_batch.bin"], perFile: 10_000 },
  classes: ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"],
  superclasses: null,
};

/** The superclasses of CIFAR-100 in the order of their labels, and the five classes of each. */
const families: Readonly<Record<string, readonly string[]>> = {
  "aquatic mammals": ["beaver", "dolphin", "otter", "seal", "whale"],
  fish: ["aquarium fish", "flatfish", "ray", "shark", "trout"],
  flowers: ["orchid", "poppy", "rose", "sunflower", "tulip"],
  "food containers": ["bottle", "bowl", "can", "cup", "plate"],
  "fruit and vegetables": ["apple", "mushroom", "orange", "pear", "sweet pepper"],
  "household electrical devices": ["clock", "keyboard", "lamp", "telephone", "television"],
  "household furniture": ["bed", "chair", "couch", "table", "wardrobe"],
  insects: ["bee", "beetle", "butterfly", "caterpillar", "cockroach"],
  "large carnivores": ["bear", "leopard", "lion", "tiger", "wolf"],
  "large man-made outdoor things": ["bridge", "castle", "house", "road", "skyscraper"],
  "large natural outdoor scenes": ["cloud", "forest", "mountain", "plain", "sea"],
  "large omnivores and herbivores": ["camel", "cattle", "chimpanzee", "elephant", "kangaroo"],
  "medium-sized mammals": ["fox", "porcupine", "possum", "raccoon", "skunk"],
  "non-insect invertebrates": ["crab", "lobster", "snail", "spider", "worm"],
  people: ["baby", "boy", "girl", "man", "woman"],
  reptiles: ["crocodile", "dinosaur", "lizard", "snake", "turtle"],
  "small mammals": ["hamster", "mouse", "rabbit", "shrew", "squirrel"],
  trees: ["maple tree", "oak tree", "palm tree", "pine tree", "willow tree"],
  "vehicles 1": ["bicycle", "bus", "motorcycle", "pickup truck", "train"],
  "vehicles 2": ["lawn mower", "rocket", "streetcar", "tank", "tractor"],
};

/** What `target("superclasses")` of `cifar100` counts, in this order. */
export const cifar100Superclasses: readonly string[] = Object.keys(families);

/** @internal */
export const cifar100Set: CifarSet = {
  operation: "data.cifar100",
  title: "CIFAR-100",
  archive: "cifar-100-binary.tar.gz",
  md5: "03b5dce01913d631647c71ecec9e9cb8",
  train: { files: ["train.bin"], perFile: 50_000 },
  test: { files: ["test.bin"], perFile: 10_000 },
  // Labels count the classes in alphabetical order.
  classes: Object.values(families).flat().sort(),
  superclasses: cifar100Superclasses,
};

/**
 * CIFAR-10: 50,000 training and 10,000 test photographs `[N, 3, 32, 32]` in [0, 1] with labels `[N]` of ten classes. Read from
 * `dir`, or from the folder (or its subfolder `cifar`) that the environment variable `NNLAB_DATA` names, else from the cache, into
 * which the archive is downloaded once (170 MB). Without a network put `cifar-10-binary.tar.gz`, as it is, into one of these folders.
 * Throws a MissingDataError that says which file to put where, or a DataError for an archive in your own folder that is not the
 * original; a damaged one in the cache is fetched again. Source: Krizhevsky 2009, "Learning multiple layers of features from tiny images".
 *
 * @example
 * const { train, test } = await data.cifar10();
 */
export async function cifar10(options: PublishedDataOptions = {}): Promise<TrainAndTest> {
  const { nodeFiles } = await import("./nodeFiles.ts");
  return readCifar(nodeFiles, options, cifar10Set);
}

/**
 * CIFAR-100: photographs as CIFAR-10's, `[N, 3, 32, 32]`, but of a hundred classes with 500 training and 100 test images each.
 * `labels [N]` are the classes (fine labels); `target("superclasses") [N]` are the 20 groups of five classes (coarse labels), whose
 * names `cifar100Superclasses` lists. Found, downloaded (169 MB) and checked as `cifar10`; without a network put
 * `cifar-100-binary.tar.gz`, as it is, into one of the folders named there. Throws as `cifar10`. Source: Krizhevsky 2009.
 *
 * @example
 * const { train } = await data.cifar100();
 * const coarse = train.loader({ target: "superclasses", shuffle: true });   // batches [images, 0 … 19]
 */
export async function cifar100(options: PublishedDataOptions = {}): Promise<TrainAndTest> {
  const { nodeFiles } = await import("./nodeFiles.ts");
  return readCifar(nodeFiles, options, cifar100Set);
}

/** @internal `cifar10` or `cifar100` on given access to files. */
export async function readCifar(
  access: FileAccess,
  options: PublishedDataOptions,
  set: CifarSet,
): Promise<TrainAndTest> {
  const { operation, title, archive, md5 } = set;
  checkPublishedDataOptions(operation, options);
  const [files] = await obtain<Map<string, Uint8Array>>(access, options, {
    operation,
    title,
    folder: "cifar",
    isFoundAtTop: true,
    mirrors: ["https://www.cs.toronto.edu/~kriz"],
    files: [
      {
        archive,
        names: [archive],
        async open(_, path, raw) {
          // Compared before anything is decompressed.
          await checkOriginal(access, title, path, { algorithm: "md5", digest: md5 }, raw);
          const { filesInTar } = await import("./tarArchive.ts");
          return filesInTar(await access.gunzip(raw));
        },
      },
    ],
    wanted: "this archive, as it is,",
    instead: "data.shapes({ channels: 3 }) draws pictures in colour without any file.",
  });
  return {
    train: toDataset(set, "train", files!, options.train),
    test: toDataset(set, "test", files!, options.test),
  };
}

/** Records of one or two labels and 3072 pixels: the red map, the green, the blue. */
function toDataset(
  set: CifarSet,
  part: "train" | "test",
  contents: Map<string, Uint8Array>,
  limit: number | undefined,
): Dataset {
  const { operation, title, classes, superclasses } = set;
  const { files, perFile } = set[part];
  const count = countWithin(operation, part, limit, files.length * perFile);
  const images = new Uint8Array(count * pixels);
  const labels = new Uint8Array(count);
  const groups = new Uint8Array(count);
  const head = superclasses === null ? 1 : 2;
  for (const [f, name] of files.entries()) {
    const bytes = contents.get(name);
    const expected = perFile * (head + pixels);
    if (bytes?.length !== expected)
      throw new DataError(
        `${set.archive}: expected ${expected} bytes in ${name}, found ${bytes?.length ?? "no such file"}`,
      );
    for (let i = 0, row = f * perFile; i < perFile && row < count; i++, row++) {
      const start = i * (head + pixels) + head;
      labels[row] = labelAt(set, name, i, bytes[start - 1]!, classes);
      if (superclasses !== null) groups[row] = labelAt(set, name, i, bytes[start - 2]!, superclasses);
      images.set(bytes.subarray(start, start + pixels), row * pixels);
    }
  }
  return new Dataset({
    name: `${title}, ${part === "train" ? "training" : "test"}`,
    images: imageTensor(operation, images, [count, 3, 32, 32]),
    labels: labelTensor(operation, labels),
    classes,
    targets: superclasses === null ? {} : { superclasses: labelTensor(operation, groups) },
  });
}

function labelAt(
  { archive }: CifarSet,
  name: string,
  i: number,
  label: number,
  names: readonly string[],
): number {
  if (label < names.length) return label;
  throw new DataError(
    `${archive}: expected labels from 0 to ${names.length - 1}, found ${label} in ${name} at ${i}`,
  );
}
