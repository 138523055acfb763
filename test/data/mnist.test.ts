import { existsSync } from "node:fs";
import { mkdir, rename as move } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, it, vi } from "vitest";
import { DataError, MissingDataError, type MnistOptions, mnist } from "../../engine/data/index.ts";
import { folderWith, gzipped, idx, imageFile, labelFile, names, smallSet } from "./idxFiles.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

/** The error of `data.mnist` on a folder with these files. */
async function failure(files: Record<string, Uint8Array>, options: MnistOptions = {}): Promise<Error> {
  const dir = await folderWith(files);
  try {
    await mnist({ dir, ...options });
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error("data.mnist accepted the files");
}

describe("data.mnist from a folder", () => {
  it("reads IDX files", async () => {
    const { train, test } = await mnist({ dir: await folderWith(smallSet()) });
    expect([train.size, test.size]).toEqual([30, 20]);
    expect(train.images.shape).toEqual([30, 1, 28, 28]);
    expect(train.images.dtype).toBe("float32");
    expect(train.labels.dtype).toBe("int32");
    expect(train.labels.toArray()).toEqual(Array.from({ length: 30 }, (_, i) => i % 10));
    const values = train.images.toTypedArray();
    expect(values[0]).toBe(0);
    expect(values[784 * 25]).toBe(Math.fround(250 / 255));
    expect(values[784 * 26 + 783]).toBe(Math.fround((260 % 256) / 255));
    expect(`${train}`).toBe("MNIST, training: 30 images 28 × 28, 10 classes");
    expect(`${test}`).toBe("MNIST, test: 20 images 28 × 28, 10 classes");
  });

  it.each<[string, (files: Record<string, Uint8Array>) => Record<string, Uint8Array>]>([
    ["gzipped", gzipped],
    ["with a dot in the name", (files) => rename(files, (name) => name.replace(/-(idx\d)/, ".$1"))],
    [
      "gzipped, with a dot in the name",
      (files) => rename(gzipped(files), (name) => name.replace(/-(idx\d)/, ".$1")),
    ],
    ["gzipped without .gz", (files) => rename(gzipped(files), (name) => name.replace(".gz", ""))],
    ["decompressed by a browser, still named .gz", (files) => rename(files, (name) => `${name}.gz`)],
  ])("reads files %s", async (_, change) => {
    const { train, test } = await mnist({ dir: await folderWith(change(smallSet())) });
    expect(train.images.toTypedArray()[784 * 3]).toBe(Math.fround(30 / 255));
    expect(test.labels.size).toBe(20);
  });

  it("takes the first samples when asked for fewer", async () => {
    const { train, test } = await mnist({ dir: await folderWith(smallSet()), train: 12, test: 5 });
    expect([train.size, test.size]).toEqual([12, 5]);
    expect(train.images.shape[0]).toBe(12);
    await expect(mnist({ dir: await folderWith(smallSet()), train: 31 })).rejects.toThrow(
      "data.mnist: train is 31, but there are only 30 such samples",
    );
  });

  it("reads the folder that NNLAB_DATA names, or its subfolder mnist", async () => {
    const folder = await folderWith(smallSet());
    vi.stubEnv("NNLAB_DATA", folder);
    expect((await mnist({ download: false })).train.size).toBe(30);
    vi.stubEnv("NNLAB_DATA", join(folder, ".."));
    vi.stubEnv("NNLAB_CACHE", join(folder, "cache"));
    await expect(mnist({ download: false })).rejects.toThrow(MissingDataError);
    await mkdir(join(folder, "mnist"));
    for (const name of Object.values(names)) await move(join(folder, name), join(folder, "mnist", name));
    vi.stubEnv("NNLAB_DATA", folder);
    expect((await mnist({ download: false })).test.size).toBe(20);
  });

  it("prefers dir to NNLAB_DATA", async () => {
    vi.stubEnv("NNLAB_DATA", await folderWith({ [names.trainImages]: imageFile(1) }));
    expect((await mnist({ dir: await folderWith(smallSet()) })).train.size).toBe(30);
    await expect(mnist()).rejects.toThrow(
      /lacks train-labels-idx1-ubyte and .*NNLAB_DATA names this folder/s,
    );
  });
});

describe("data.mnist refuses, naming file, expectation and finding,", () => {
  it.each<[string, Record<string, Uint8Array>, RegExp]>([
    [
      "truncated images",
      { [names.trainImages]: imageFile(30).subarray(0, -100) },
      /train-images-idx3-ubyte: truncated: its header promises 30 × 28 × 28 = 23520 bytes, found 23420/,
    ],
    [
      "images that go on",
      { [names.testImages]: Uint8Array.of(...imageFile(20), 1, 2, 3) },
      /t10k-images-idx3-ubyte: too long: .* = 15680 bytes, found 15683/,
    ],
    [
      "a header cut off",
      { [names.trainImages]: imageFile(30).subarray(0, 10) },
      /truncated: expected a header of 16 bytes, found 10/,
    ],
    [
      "an empty file",
      { [names.testLabels]: new Uint8Array() },
      /t10k-labels-idx1-ubyte: expected an IDX file of labels .*, found 0 bytes/,
    ],
    [
      "labels in place of images",
      { [names.trainImages]: labelFile(30) },
      /train-images-idx3-ubyte: expected an IDX file of images \(it begins with 00 00 08 03\), found 00 00 08 01: an IDX file of labels; were the images and the labels exchanged\?/,
    ],
    [
      "images in place of labels",
      { [names.testLabels]: imageFile(20) },
      /t10k-labels-idx1-ubyte: expected an IDX file of labels .* found 00 00 08 03: an IDX file of images/,
    ],
    [
      "another magic number",
      { [names.trainLabels]: Uint8Array.of(1, 2, 3, 4, 5) },
      /train-labels-idx1-ubyte: expected .* found 01 02 03 04, which is no IDX file/,
    ],
    [
      "floats",
      { [names.trainImages]: Uint8Array.of(0, 0, 13, 3, 0, 0, 0, 0) },
      /found 00 00 0d 03: 32-bit floats/,
    ],
    [
      "a web page",
      { [names.trainImages]: new TextEncoder().encode("<!doctype html><title>Log in</title>") },
      /text that begins with <: probably a web page/,
    ],
    [
      "fewer labels than images",
      { [names.trainLabels]: labelFile(29) },
      /train-labels-idx1-ubyte: expected 30 labels, one for each image of .*train-images-idx3-ubyte, found 29/,
    ],
    [
      "the test labels for training",
      { [names.trainLabels]: labelFile(20) },
      /expected 30 labels, .* found 20/,
    ],
    [
      "images of another size",
      { [names.testImages]: imageFile(20, 32, 32) },
      /t10k-images-idx3-ubyte: expected images of 28 × 28, found 32 × 32/,
    ],
    [
      "a label that is no digit",
      { [names.testLabels]: idx([20], [...Array(19).fill(1), 10]) },
      /t10k-labels-idx1-ubyte: expected labels from 0 to 9, found 10 at 19/,
    ],
    [
      "no images",
      { [names.testImages]: imageFile(0), [names.testLabels]: labelFile(0) },
      /expected images, found none/,
    ],
  ])("%s", async (_, change, message) => {
    const error = await failure({ ...smallSet(), ...change });
    expect(error).toBeInstanceOf(DataError);
    expect(error.message).toMatch(message);
  });

  it.each<[string, (gz: Uint8Array) => Uint8Array, RegExp]>([
    [
      "a truncated gzip file",
      (gz) => gz.subarray(0, gz.length >> 1),
      /train-images-idx3-ubyte\.gz: expected a whole gzip file, found a truncated one of \d+ bytes/,
    ],
    [
      "a corrupt gzip file",
      (gz) => gz.map((byte, i) => (i === gz.length - 6 ? byte ^ 255 : byte)),
      /train-images-idx3-ubyte\.gz: expected a whole gzip file, found a corrupt one/,
    ],
  ])("%s", async (_, damage, message) => {
    const files = gzipped(smallSet());
    const name = `${names.trainImages}.gz`;
    const error = await failure({ ...files, [name]: damage(files[name]!) });
    expect(error).toBeInstanceOf(DataError);
    expect(error.message).toMatch(message);
  });

  it("full-sized files that are not the original, unless told not to verify", async () => {
    const other = { [names.testLabels]: labelFile(10_000), [names.testImages]: gzipSync(imageFile(10_000)) };
    const error = await failure({ ...smallSet(), ...other });
    expect(error).toBeInstanceOf(DataError);
    expect(error.message).toMatch(
      /t10k-images-idx3-ubyte: expected the original file of MNIST \(SHA-256 0fa7898d5092…\), found other content .* verify: false\nThe original is at https:.*\/t10k-images-idx3-ubyte\.gz; your own folder is left as it is\./,
    );
    const { test } = await mnist({ dir: await folderWith({ ...smallSet(), ...other }), verify: false });
    expect(test.size).toBe(10_000);
  });

  it("a folder that lacks files", async () => {
    const { [names.testLabels]: _, ...rest } = smallSet();
    const error = await failure(rest);
    expect(error).toBeInstanceOf(MissingDataError);
    expect(error.message).toMatch(/the folder .* lacks t10k-labels-idx1-ubyte\.\nPut these four files/);
    for (const name of Object.values(names)) expect(error.message).toContain(`  ${name}.gz\n`);
    expect(error.message).toContain("data.digits() makes handwritten-like digits without any file.");
    expect((await failure({})).message).toContain("has none of MNIST's files");
  });

  it("a folder that does not exist", async () => {
    await expect(mnist({ dir: "/does/not/exist" })).rejects.toThrow(
      /there is no folder \/does\/not\/exist\.\nPut these four files .* into \/does\/not\/exist:/,
    );
  });

  it("a folder of the home directory, named as shells do", async () => {
    const named = join(homedir(), "no such folder");
    await expect(mnist({ dir: "~/no such folder" })).rejects.toThrow(`there is no folder ${named}.`);
  });

  it.each<[unknown, RegExp]>([
    [{ dir: 3 }, /dir must be the path of a folder; got 3/],
    [{ dir: "" }, /dir must be the path/],
    [{ download: "no" }, /download must be true or false; got the string "no"/],
    [{ train: 0 }, /train must be a whole number from 1 on; got 0/],
    [{ folder: "x" }, /there is no option "folder"; the options are dir, download/],
    [{ mirrors: "http://x" }, /mirrors must be an array of addresses/],
    ["/data", /takes its options as an object: \{ dir: … \}; got the string "\/data"/],
  ])("the options %j", async (options, message) => {
    await expect(Reflect.apply(mnist, null, [options])).rejects.toThrow(message);
  });
});

describe("data.mnist offline", () => {
  it("says which files to put where, and that data.digits() needs none", async () => {
    vi.stubEnv("NNLAB_DATA", "");
    const cache = join(await folderWith({}), "cache");
    const error = await mnist({ download: false, cache }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(MissingDataError);
    expect(String(error)).toBe(
      `MissingDataError: data.mnist: MNIST is not on this machine and download is false.
Put these four files (as they are, or decompressed) into ${cache}:
  train-images-idx3-ubyte.gz
  train-labels-idx1-ubyte.gz
  t10k-images-idx3-ubyte.gz
  t10k-labels-idx1-ubyte.gz
They are at https://storage.googleapis.com/cvdf-datasets/mnist/
Or put them anywhere else and name the folder: data.mnist({ dir: "…" }), or the environment variable NNLAB_DATA.
data.digits() makes handwritten-like digits without any file.`,
    );
    expect(existsSync(cache)).toBe(false);
  });

  it("looks for the cache where the platform keeps such things", async () => {
    vi.stubEnv("NNLAB_DATA", "");
    vi.stubEnv("NNLAB_CACHE", "");
    vi.stubEnv("XDG_CACHE_HOME", "/caches");
    const expected = { darwin: /Library\/Caches\/nnlab\/mnist/, win32: /nnlab\\Cache\\mnist/ }[
      process.platform as string
    ];
    await expect(mnist({ download: false })).rejects.toThrow(expected ?? /into \/caches\/nnlab\/mnist:/);
    vi.stubEnv("NNLAB_CACHE", "/elsewhere");
    await expect(mnist({ download: false })).rejects.toThrow(/into .elsewhere.mnist:/);
  });
});

const original = process.env.NNLAB_DATA ?? "";
const originalFolder = [original, join(original, "mnist")].find(
  (folder) => original !== "" && existsSync(join(folder, `${names.trainImages}.gz`)),
);
if (originalFolder === undefined)
  console.log("Skipped: the original MNIST; set NNLAB_DATA to a folder with its four files to test with it.");

describe.skipIf(originalFolder === undefined)("data.mnist with the original files", () => {
  it("has 60,000 and 10,000 samples with the known class counts and mean", async () => {
    const { train, test } = await mnist({ dir: originalFolder! });
    expect(train.classCounts).toEqual([5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]);
    expect(test.classCounts).toEqual([980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
    expect([...train.labels.toTypedArray().subarray(0, 5)]).toEqual([5, 0, 4, 1, 9]);
    let sum = 0;
    for (const value of train.images.toTypedArray()) sum += value;
    expect(sum / train.images.size).toBeCloseTo(0.1307, 4);
  });
});

function rename(
  files: Record<string, Uint8Array>,
  change: (name: string) => string,
): Record<string, Uint8Array> {
  return Object.fromEntries(Object.entries(files).map(([name, bytes]) => [change(name), bytes]));
}
