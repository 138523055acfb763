/** Small MNIST-like sets in the IDX format, and folders to put them in. */

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { onTestFinished } from "vitest";

/** The bytes of an IDX file of unsigned bytes. */
export function idx(shape: readonly number[], values: Iterable<number>): Uint8Array {
  const body = Uint8Array.from(values);
  const bytes = new Uint8Array(4 + 4 * shape.length + body.length);
  const view = new DataView(bytes.buffer);
  bytes.set([0, 0, 8, shape.length]);
  shape.forEach((length, d) => {
    view.setUint32(4 + 4 * d, length);
  });
  bytes.set(body, 4 + 4 * shape.length);
  return bytes;
}

/** `count` images; every pixel of image i is `10·i mod 256`. */
export function imageFile(count: number, height = 28, width = 28): Uint8Array {
  const size = height * width;
  return idx(
    [count, height, width],
    Array.from({ length: count * size }, (_, i) => Math.floor(i / size) * 10),
  );
}

/** `count` labels 0, 1, … 9, 0, … */
export function labelFile(count: number): Uint8Array {
  return idx(
    [count],
    Array.from({ length: count }, (_, i) => i % 10),
  );
}

export const names = {
  trainImages: "train-images-idx3-ubyte",
  trainLabels: "train-labels-idx1-ubyte",
  testImages: "t10k-images-idx3-ubyte",
  testLabels: "t10k-labels-idx1-ubyte",
} as const;

/** Four files that fit: 30 training and 20 test samples. */
export function smallSet(): Record<string, Uint8Array> {
  return {
    [names.trainImages]: imageFile(30),
    [names.trainLabels]: labelFile(30),
    [names.testImages]: imageFile(20),
    [names.testLabels]: labelFile(20),
  };
}

/** A new folder with these files, removed after the test. */
export async function folderWith(files: Readonly<Record<string, Uint8Array>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "nnlab-data-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, name), bytes);
  return folder;
}

/** Every file compressed, under its name with `.gz`. */
export function gzipped(files: Readonly<Record<string, Uint8Array>>): Record<string, Uint8Array> {
  return Object.fromEntries(
    Object.entries(files).map(([name, bytes]) => [`${name}.gz`, new Uint8Array(gzipSync(bytes))]),
  );
}
