import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { type DownloadProgress, type DownloadRequest, download } from "../../engine/data/download.ts";
import type { FileAccess } from "../../engine/data/fileAccess.ts";
import { MissingDataError, type MnistOptions, type TrainAndTest } from "../../engine/data/index.ts";
import { mnistSet, readMnist } from "../../engine/data/mnist.ts";
import type { OriginalFile } from "../../engine/data/mnistFiles.ts";
import { nodeFiles } from "../../engine/data/nodeFiles.ts";
import { InterruptError } from "../../engine/errors.ts";
import { setInterruptFlag } from "../../engine/interrupt.ts";
import { folderWith, gzipped, imageFile, names, smallSet } from "./idxFiles.ts";
import { breakOff, serve, startMirror } from "./mirror.ts";

const content = Uint8Array.from({ length: 200_000 }, (_, i) => (i * i) % 251);

/** Downloads `file` from these mirrors; progress goes to `seen`. */
function fetchFile(
  mirrors: readonly string[],
  seen: DownloadProgress[] = [],
  more: Partial<DownloadRequest> = {},
): Promise<Uint8Array> {
  return download({
    file: "file",
    mirrors,
    onProgress: (progress) => seen.push(progress),
    check: async (bytes) => (Buffer.compare(bytes, content) === 0 ? null : "other bytes than expected"),
    ...more,
  });
}

describe("download", () => {
  it("gives the bytes and tells how far it is", async () => {
    const mirror = await startMirror(serve({ file: content }));
    const seen: DownloadProgress[] = [];
    expect(await fetchFile([`${mirror.address}/`], seen)).toEqual(content);
    expect(mirror.requests).toEqual(["file"]);
    expect(seen.at(-1)).toEqual({
      file: "file",
      receivedBytes: content.length,
      totalBytes: content.length,
      mirror: `${mirror.address}/`,
    });
    const counts = seen.map((progress) => progress.receivedBytes);
    expect(counts).toEqual(counts.toSorted((a, b) => a - b));
  });

  it("asks the next mirror when one is down, has no such file, or sends something else", async () => {
    const empty = await startMirror(serve({}));
    const wrong = await startMirror(serve({ file: content.subarray(1) }));
    const good = await startMirror(serve({ file: content }));
    const mirrors = ["http://127.0.0.1:1", empty.address, wrong.address, good.address];
    expect(await fetchFile(mirrors)).toEqual(content);
    expect([empty.requests, wrong.requests, good.requests]).toEqual([["file"], ["file"], ["file"]]);
  });

  it("goes on where a transfer broke off", async () => {
    const mirror = await startMirror(breakOff(content, 90_000, '"v1"'));
    const seen: DownloadProgress[] = [];
    expect(await fetchFile([mirror.address], seen)).toEqual(content);
    expect(mirror.requests).toEqual(["file", 'file bytes=90000- of "v1"', 'file bytes=180000- of "v1"']);
    expect(seen.every((progress) => progress.totalBytes === content.length)).toBe(true);
  });

  it("begins anew where a server cannot go on, and gives up on it after three times", async () => {
    const mirror = await startMirror(breakOff(content, 90_000, null));
    const good = await startMirror(serve({ file: content }));
    expect(await fetchFile([mirror.address, good.address])).toEqual(content);
    expect(mirror.requests).toEqual(["file", "file", "file"]);
    await expect(fetchFile([mirror.address])).rejects.toThrow(
      /file: no mirror gave it:\n {2}http:.*\/file: \S/,
    );
  });

  it("does not go on with another version of the file", async () => {
    let first = true;
    const old = content.map((byte) => byte ^ 1);
    const mirror = await startMirror((response, request, name) => {
      if (first) breakOff(old, 50_000, '"old"')(response, request, name);
      else serve({ file: content })(response, request, name);
      first = false;
    });
    expect(await fetchFile([mirror.address])).toEqual(content);
    expect(mirror.requests).toEqual(["file", 'file bytes=50000- of "old"']);
  });

  it("waits no longer than the limit for a silent server", async () => {
    const silent = await startMirror((response) => {
      response.writeHead(200, { "content-length": 10 }).write("abc");
    });
    const good = await startMirror(serve({ file: content }));
    expect(await fetchFile([silent.address, good.address], [], { stallTimeout: 150 })).toEqual(content);
    await expect(fetchFile([silent.address], [], { stallTimeout: 50 })).rejects.toThrow(
      /nothing arrived for 0\.05 s/,
    );
  });

  it("says what each mirror answered when none will do", async () => {
    const empty = await startMirror(serve({}));
    const wrong = await startMirror(serve({ file: content.subarray(1) }));
    const error = await fetchFile([empty.address, wrong.address]).catch(String);
    expect(error).toContain(`${empty.address}/file: the server answered 404 Not Found`);
    expect(error).toContain(`${wrong.address}/file: other bytes than expected`);
  });

  it("says in words that there is no connection", async () => {
    const cause = Object.assign(new Error("getaddrinfo ENOTFOUND mirror"), { code: "ENOTFOUND" });
    vi.stubGlobal("fetch", () => Promise.reject(new TypeError("fetch failed", { cause })));
    onTestFinished(() => {
      vi.unstubAllGlobals();
    });
    await expect(fetchFile(["http://mirror"])).rejects.toThrow(
      "http://mirror/file: no connection to the Internet (the name was not found)",
    );
  });

  it("stops at once when the watcher throws, asking no other mirror", async () => {
    const mirror = await startMirror(serve({ file: content }));
    const other = await startMirror(serve({ file: content }));
    const stop = new Error("enough");
    const onProgress = () => {
      throw stop;
    };
    await expect(fetchFile([mirror.address, other.address], [], { onProgress })).rejects.toBe(stop);
    expect([mirror.requests.length, other.requests.length]).toEqual([1, 0]);
  });
});

// MNIST's part is played by a small set, whose files are the originals for the length of a test.
const originalContents = smallSet();
const archives = gzipped(originalContents);
const originals: readonly OriginalFile[] = Object.values(names).map((name) => ({
  name,
  dimensions: name.includes("images") ? 3 : 1,
  length: originalContents[name]!.length,
  checksum: {
    of: "content",
    algorithm: "sha256",
    digest: createHash("sha256").update(originalContents[name]!).digest("hex"),
  },
}));

/** Access to files without `NNLAB_DATA`, that collects the progress lines. */
function quietFiles(lines: string[] = []): FileAccess {
  return {
    ...nodeFiles,
    environment: () => undefined,
    showProgress: (line, done) => lines.push(done ? `${line}.` : line),
  };
}

const load = (options: MnistOptions, access: FileAccess = quietFiles()): Promise<TrainAndTest> =>
  readMnist(access, options, { ...mnistSet, originals });

describe("data.mnist by download", () => {
  it("downloads once into the cache, reporting in one line", async () => {
    const mirror = await startMirror(serve(archives));
    const cache = join(await folderWith({}), "deep", "cache");
    const lines: string[] = [];
    const options = { cache, mirrors: [mirror.address] };
    const { train, test } = await load(options, quietFiles(lines));
    expect([train.size, test.size]).toEqual([30, 20]);
    expect(mirror.requests.toSorted()).toEqual(Object.keys(archives).toSorted());
    expect((await readdir(cache)).toSorted()).toEqual(Object.keys(archives).toSorted());
    expect(lines[0]).toMatch(/^MNIST: downloading train-images-idx3-ubyte\.gz: 0\.0 of 0\.0 MB$/);
    expect(lines.at(-1)).toBe(`MNIST: downloaded to ${cache}.`);

    const again: string[] = [];
    expect((await load(options, quietFiles(again))).train.size).toBe(30);
    expect((await load({ cache, download: false })).train.size).toBe(30);
    expect([mirror.requests.length, again.length]).toEqual([4, 0]);
  });

  it("tells onProgress instead of writing a line", async () => {
    const mirror = await startMirror(serve(archives));
    const seen = new Set<string>();
    const lines: string[] = [];
    const onProgress = (progress: DownloadProgress) => seen.add(progress.file);
    await load({ cache: await folderWith({}), mirrors: [mirror.address], onProgress }, quietFiles(lines));
    expect([...seen]).toEqual(Object.keys(archives));
    expect(lines).toEqual([]);
  });

  it("fetches only what the cache lacks, and anew what was damaged there", async () => {
    const mirror = await startMirror(serve(archives));
    const [trainImages, trainLabels, testImages, testLabels] = Object.keys(archives) as [
      string,
      string,
      string,
      string,
    ];
    const cache = await folderWith({
      [trainImages]: archives[trainImages]!,
      [trainLabels]: archives[trainLabels]!.subarray(0, 20),
      [testLabels]: archives[testLabels]!,
    });
    await load({ cache, mirrors: [mirror.address] });
    expect(mirror.requests).toEqual([trainLabels, testImages]);
    expect(new Uint8Array(await readFile(join(cache, trainLabels)))).toEqual(archives[trainLabels]);
  });

  it("takes nothing from a mirror that sends another file, and keeps nothing of it", async () => {
    const name = `${names.trainImages}.gz`;
    const wrong = await startMirror(serve({ ...archives, [name]: gzipSync(imageFile(30).fill(9, 16)) }));
    const cache = join(await folderWith({}), "cache");
    const error = await load({ cache, mirrors: [wrong.address] }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(MissingDataError);
    expect(String(error)).toMatch(/MNIST is not on this machine and could not be downloaded/);
    expect(String(error)).toMatch(/train-images-idx3-ubyte\.gz: expected the original file of MNIST/);
    expect(String(error)).toContain("data.digits() makes handwritten-like digits without any file.");
    expect(existsSync(cache)).toBe(false);
    const good = await startMirror(serve(archives));
    await load({ cache, mirrors: [wrong.address, good.address] });
    expect(good.requests).toEqual([name]);
  });

  it("takes no set of another size from a mirror, however well-formed", async () => {
    const name = `${names.trainImages}.gz`;
    const mirror = await startMirror(serve({ ...archives, [name]: gzipSync(imageFile(29)) }));
    await expect(load({ cache: await folderWith({}), mirrors: [mirror.address] })).rejects.toThrow(
      /train-images-idx3-ubyte\.gz: expected 23536 bytes \(decompressed\), found 22752/,
    );
  });

  it("names the damaged file of the cache when it may not download", async () => {
    const name = `${names.testLabels}.gz`;
    const cache = await folderWith({ ...archives, [name]: archives[name]!.subarray(0, 15) });
    await expect(load({ cache, download: false })).rejects.toThrow(
      /and download is false\.\n.*t10k-labels-idx1-ubyte\.gz: expected a whole gzip file, found a truncated one of 15 bytes/,
    );
  });

  it("leaves a whole cache or none when a transfer fails: no temporary file either", async () => {
    const name = `${names.testImages}.gz`;
    const mirror = await startMirror((response, request, asked) => {
      if (asked === name) response.destroy();
      else serve(archives)(response, request, asked);
    });
    const cache = await folderWith({});
    await expect(load({ cache, mirrors: [mirror.address] })).rejects.toThrow(MissingDataError);
    expect((await readdir(cache)).toSorted()).toEqual(
      [`${names.trainImages}.gz`, `${names.trainLabels}.gz`].toSorted(),
    );
  });

  it("gives the data even where it cannot keep them, and says so", async () => {
    const mirror = await startMirror(serve(archives));
    const folder = await folderWith({ file: Uint8Array.of(1) });
    const lines: string[] = [];
    const options = { cache: join(folder, "file", "cache"), mirrors: [mirror.address] };
    expect((await load(options, quietFiles(lines))).train.size).toBe(30);
    expect(lines.at(-1)).toMatch(/could not be kept for the next time: ENOTDIR/);
  });

  it("stops at an interrupt", async () => {
    const mirror = await startMirror(serve(archives));
    const flag = new Int32Array(new SharedArrayBuffer(4)).fill(1);
    setInterruptFlag(flag);
    try {
      const cache = await folderWith({});
      await expect(load({ cache, mirrors: [mirror.address] })).rejects.toThrow(InterruptError);
      expect(await readdir(cache)).toEqual([]);
    } finally {
      setInterruptFlag(null);
    }
  });
});

describe("nodeFiles.writeWhole", () => {
  it("replaces a file whole and removes its temporary file when it cannot", async () => {
    const folder = await folderWith({ "a.gz": Uint8Array.of(1) });
    await nodeFiles.writeWhole(join(folder, "a.gz"), Uint8Array.of(2, 3));
    expect([...(await readFile(join(folder, "a.gz")))]).toEqual([2, 3]);
    await nodeFiles.writeWhole(join(folder, "new", "b.gz"), Uint8Array.of(4));
    await writeFile(join(folder, "new", "c"), "");
    await expect(nodeFiles.writeWhole(join(folder, "new"), Uint8Array.of(5))).rejects.toThrow();
    expect((await readdir(folder)).toSorted()).toEqual(["a.gz", "new"]);
  });
});
