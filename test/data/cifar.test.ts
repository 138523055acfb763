import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { packTar } from "modern-tar";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type CifarSet, cifar10Set, cifar100Set, readCifar } from "../../engine/data/cifar.ts";
import type { FileAccess } from "../../engine/data/fileAccess.ts";
import {
  cifar10,
  cifar100,
  cifar100Superclasses,
  DataError,
  MissingDataError,
  type PublishedDataOptions,
} from "../../engine/data/index.ts";
import { nodeFiles } from "../../engine/data/nodeFiles.ts";
import { folderWith } from "./idxFiles.ts";
import { serve, startMirror } from "./mirror.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

/** Access to files without `NNLAB_DATA`, that collects the progress lines. */
function quietFiles(lines: string[] = [], changes: Partial<FileAccess> = {}): FileAccess {
  return {
    ...nodeFiles,
    environment: () => undefined,
    showProgress: (line, done) => lines.push(done ? `${line}.` : line),
    ...changes,
  };
}

/** Two images a file: `labels`, then pixels that count up. */
function records(...labels: readonly number[]): Uint8Array<ArrayBuffer> {
  const length = labels.length + 3072;
  return new Uint8Array(2 * length).map((_, i) => labels[i % length] ?? ((i % length) - labels.length) % 256);
}

interface Stand {
  readonly set: CifarSet;
  readonly bytes: Uint8Array;
}

/** A small archive that plays the original's part. */
async function archive(
  original: CifarSet,
  files: Readonly<Record<string, Uint8Array<ArrayBuffer>>>,
): Promise<Stand> {
  const entries = Object.entries(files).map(([name, body]) => ({
    header: { name: `cifar-binary/${name}`, size: body.length },
    body,
  }));
  const bytes = new Uint8Array(gzipSync(await packTar(entries)));
  const { train, test } = original;
  return {
    set: {
      ...original,
      train: { ...train, perFile: 2 },
      test: { ...test, perFile: 2 },
      md5: createHash("md5").update(bytes).digest("hex"),
    },
    bytes,
  };
}

function tenClasses(change: Readonly<Record<string, Uint8Array<ArrayBuffer>>> = {}): Promise<Stand> {
  const names = [...cifar10Set.train.files, ...cifar10Set.test.files];
  return archive(cifar10Set, {
    ...Object.fromEntries(names.map((name, i) => [name, records(i)])),
    ...change,
  });
}

function hundredClasses(change: Readonly<Record<string, Uint8Array<ArrayBuffer>>> = {}): Promise<Stand> {
  return archive(cifar100Set, { "train.bin": records(4, 0), "test.bin": records(13, 99), ...change });
}

describe("data.cifar10", () => {
  it("reads red, green and blue maps, and fewer samples where told", async () => {
    const { set, bytes } = await tenClasses();
    const dir = await folderWith({ [set.archive]: bytes });
    const { train, test } = await readCifar(quietFiles(), { dir }, set);
    expect(train.images.shape).toEqual([10, 3, 32, 32]);
    expect(train.labels.toArray()).toEqual([0, 0, 1, 1, 2, 2, 3, 3, 4, 4]);
    expect(test.classes[5]).toBe("dog");
    expect([3, 1024 + 9, 3072 + 255].map((i) => test.images.toTypedArray()[i])).toEqual(
      [3, 9, 255].map((level) => Math.fround(level / 255)),
    );
    const fewer = await readCifar(quietFiles(), { dir, train: 3, test: 1 }, set);
    expect(fewer.train.labels.toArray()).toEqual([0, 0, 1]);
    expect(`${fewer.test}`).toBe("CIFAR-10, test: 1 image 32 × 32 with 3 channels, 10 classes");
    await expect(readCifar(quietFiles(), { dir, test: 3 }, set)).rejects.toThrow(
      "data.cifar10: test is 3, but there are only 2 such samples",
    );
  });

  it.each<[string, Record<string, Uint8Array<ArrayBuffer>>, RegExp]>([
    [
      "a short file",
      { "test_batch.bin": records(1).slice(1) },
      /expected 6146 bytes in test_batch.bin, found 6145/,
    ],
    [
      "a label that is none",
      { "data_batch_2.bin": records(10) },
      /labels from 0 to 9, found 10 in data_batch_2.bin at 0/,
    ],
  ])("refuses %s", async (_, change, message) => {
    const { set, bytes } = await tenClasses(change);
    const dir = await folderWith({ [set.archive]: bytes });
    await expect(readCifar(quietFiles(), { dir }, set)).rejects.toThrow(message);
  });
});

describe("data.cifar100", () => {
  it("reads a hundred classes, and their superclasses as a further target", async () => {
    const { set, bytes } = await hundredClasses();
    const dir = await folderWith({ [set.archive]: bytes });
    const { train, test } = await readCifar(quietFiles(), { dir }, set);
    expect(`${train}`).toBe("CIFAR-100, training: 2 images 32 × 32 with 3 channels, 100 classes");
    expect(train.targetNames).toEqual(["images", "labels", "superclasses"]);
    expect(test.images.toTypedArray()[1024 + 9]).toBe(Math.fround(9 / 255));
    const [[, labels, groups]] = [...test.loader({ target: ["labels", "superclasses"] })] as [
      [unknown, typeof train.labels, typeof train.labels],
    ];
    expect([labels.toArray(), groups.toArray()]).toEqual([
      [99, 99],
      [13, 13],
    ]);
    expect([test.classes[99], cifar100Superclasses[13]]).toEqual(["worm", "non-insect invertebrates"]);
    expect([train.classes[0], cifar100Superclasses[4]]).toEqual(["apple", "fruit and vegetables"]);
    const wrong = await hundredClasses({ "test.bin": records(20, 1) });
    await expect(
      readCifar(quietFiles(), { dir: await folderWith({ [set.archive]: wrong.bytes }) }, wrong.set),
    ).rejects.toThrow(/labels from 0 to 19, found 20 in test.bin at 0/);
  });

  it("puts each class into its superclass as the published labels do", () => {
    // The coarse label of each fine label in the original files.
    const published = [
      4, 1, 14, 8, 0, 6, 7, 7, 18, 3, 3, 14, 9, 18, 7, 11, 3, 9, 7, 11, 6, 11, 5, 10, 7, 6, 13, 15, 3, 15, 0,
      11, 1, 10, 12, 14, 16, 9, 11, 5, 5, 19, 8, 8, 15, 13, 14, 17, 18, 10, 16, 4, 17, 4, 2, 0, 17, 4, 18, 17,
      10, 3, 2, 12, 12, 16, 12, 1, 9, 19, 2, 10, 0, 1, 16, 12, 9, 13, 15, 13, 16, 19, 2, 4, 6, 19, 5, 5, 8,
      19, 18, 1, 2, 15, 6, 0, 17, 8, 14, 13,
    ];
    expect(cifar100Set.classes.length).toBe(100);
    expect(cifar100Superclasses.length).toBe(20);
    const members = cifar100Superclasses.map((_, group) =>
      cifar100Set.classes.filter((_, label) => published[label] === group),
    );
    expect(members[0]).toEqual(["beaver", "dolphin", "otter", "seal", "whale"]);
    expect(members[14]).toEqual(["baby", "boy", "girl", "man", "woman"]);
    expect(members[19]).toEqual(["lawn mower", "rocket", "streetcar", "tank", "tractor"]);
    expect(members.every((classes) => classes.length === 5)).toBe(true);
  });
});

describe.each([
  ["data.cifar10", tenClasses, 10],
  ["data.cifar100", hundredClasses, 2],
] as const)("%s and its archive", (operation, make, size) => {
  const load = (stand: Stand, options: PublishedDataOptions, access: FileAccess = quietFiles()) =>
    readCifar(access, options, stand.set);

  it("is downloaded once into the cache, told in one line or to onProgress", async () => {
    const stand = await make();
    const { archive: name, title } = stand.set;
    const mirror = await startMirror(serve({ [name]: stand.bytes }));
    const cache = join(await folderWith({}), "deep", "cache");
    const lines: string[] = [];
    const options = { cache, mirrors: [mirror.address] };
    expect((await load(stand, options, quietFiles(lines))).train.size).toBe(size);
    expect(lines.at(-1)).toBe(`${title}: downloaded to ${cache}.`);
    await load(stand, { cache, download: false });
    expect([mirror.requests, await readdir(cache)]).toEqual([[name], [name]]);
    const seen = new Set<string>();
    const silent: string[] = [];
    const onProgress = ({ file }: { file: string }) => seen.add(file);
    await load(stand, { ...options, cache: await folderWith({}), onProgress }, quietFiles(silent));
    expect([[...seen], silent]).toEqual([[name], []]);
  });

  it("is fetched again where it was damaged in the cache or may not be read", async () => {
    const stand = await make();
    const { archive: name } = stand.set;
    const mirror = await startMirror(serve({ [name]: stand.bytes }));
    const cache = await folderWith({ [name]: stand.bytes.subarray(0, 50) });
    await expect(load(stand, { cache, download: false })).rejects.toThrow(
      /and download is false\.\n.*expected the original file of CIFAR-100? \(MD5 .*the file is damaged\nPut this archive/s,
    );
    expect((await load(stand, { cache, mirrors: [mirror.address] })).train.size).toBe(size);
    expect(new Uint8Array(await readFile(join(cache, name)))).toEqual(stand.bytes);
    await load(stand, { cache, download: false });
    const read = () => Promise.reject(new Error("EACCES: permission denied"));
    await load(stand, { cache, mirrors: [mirror.address] }, quietFiles([], { read }));
    expect(mirror.requests).toEqual([name, name]);
  });

  it("is never replaced in the user's own folder", async () => {
    const stand = await make();
    const { archive: name } = stand.set;
    const mirror = await startMirror(serve({ [name]: stand.bytes }));
    const damaged = stand.bytes.subarray(0, 50);
    const dir = await folderWith({ [name]: damaged });
    const error = await load(stand, { dir, mirrors: [mirror.address] }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DataError);
    expect(String(error)).toMatch(
      /expected the original file .* found other content .*the file is damaged\nThe original is at https:.*\.tar\.gz; your own folder is left as it is\./,
    );
    expect(new Uint8Array(await readFile(join(dir, name)))).toEqual(damaged);
    const empty = await folderWith({});
    await expect(load(stand, { dir: empty, mirrors: [mirror.address] })).rejects.toThrow(
      /has none of .*\nPut this archive, as it is, into .*\nIt is at .*\nLeave out dir to download/s,
    );
    expect([mirror.requests, await readdir(empty)]).toEqual([[], []]);
  });

  it("gives its data even where it cannot be kept, and says so", async () => {
    const stand = await make();
    const mirror = await startMirror(serve({ [stand.set.archive]: stand.bytes }));
    const folder = await folderWith({ file: Uint8Array.of(1) });
    const lines: string[] = [];
    const options = { cache: join(folder, "file", "cache"), mirrors: [mirror.address] };
    expect((await load(stand, options, quietFiles(lines))).train.size).toBe(size);
    expect(lines.at(-1)).toMatch(/could not be kept for the next time: ENOTDIR/);
  });

  it("is found in the folder that NNLAB_DATA names, or its subfolder cifar", async () => {
    const stand = await make();
    const { archive: name } = stand.set;
    const shared = await folderWith({ [name]: stand.bytes });
    const access = quietFiles([], { environment: (variable) => process.env[variable] });
    vi.stubEnv("NNLAB_CACHE", join(shared, "cache"));
    vi.stubEnv("NNLAB_DATA", shared);
    expect((await load(stand, { download: false }, access)).train.size).toBe(size);
    const above = await folderWith({});
    vi.stubEnv("NNLAB_DATA", above);
    await expect(load(stand, { download: false }, access)).rejects.toThrow(MissingDataError);
    await mkdir(join(above, "cifar"));
    await writeFile(join(above, "cifar", name), stand.bytes);
    expect((await load(stand, { download: false }, access)).test.size).toBe(2);
  });

  it("is asked for by name where there is none", async () => {
    const run = operation === "data.cifar10" ? cifar10 : cifar100;
    vi.stubEnv("NNLAB_DATA", "");
    const cache = join(await folderWith({}), "cache");
    const stand = await make();
    const { archive: name, title } = stand.set;
    await expect(run({ download: false, cache })).rejects.toThrow(
      `${operation}: ${title} is not on this machine and download is false.
Put this archive, as it is, into ${cache}:
  ${name}
It is at https://www.cs.toronto.edu/~kriz/
Or put it anywhere else and name the folder: ${operation}({ dir: "…" }), or the environment variable NNLAB_DATA.
data.shapes({ channels: 3 }) draws pictures in colour without any file.`,
    );
    const wrong = await startMirror(serve({ [name]: stand.bytes }));
    await expect(run({ cache, mirrors: [wrong.address] })).rejects.toThrow(
      /could not be downloaded\.\n.*expected the original file/s,
    );
    await expect(readdir(cache)).rejects.toThrow(/ENOENT/);
  });

  it.each<[unknown, RegExp]>([
    [{ download: "no" }, /download must be true or false; got the string "no"/],
    [{ dir: "" }, /dir must be the path of a folder/],
    [{ cache: 3 }, /cache must be the path of a folder; got 3/],
    [{ train: 0 }, /train must be a whole number from 1 on; got 0/],
    [{ mirrors: [3] }, /mirrors must be an array of addresses/],
    [{ onProgress: true }, /onProgress must be a function; got true/],
    [{ verify: false }, /there is no option "verify"; the options are dir, download/],
  ])("refuses the options %j", async (options, message) => {
    const run = operation === "data.cifar10" ? cifar10 : cifar100;
    await expect(Reflect.apply(run, null, [options])).rejects.toThrow(message);
  });
});
