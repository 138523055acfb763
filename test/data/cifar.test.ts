import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { packTar } from "modern-tar";
import { describe, expect, it } from "vitest";
import { type CifarSet, cifar10Set, readCifar } from "../../engine/data/cifar.ts";
import { cifar10, DataError, MissingDataError } from "../../engine/data/index.ts";
import { nodeFiles } from "../../engine/data/nodeFiles.ts";
import { folderWith } from "./idxFiles.ts";
import { serve, startMirror } from "./mirror.ts";

const access = { ...nodeFiles, showProgress: () => undefined };

/** Two images a file: label `seed`, pixels that count up. */
function batch(seed: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(2 * 3073).map((_, i) => (i % 3073 === 0 ? seed : (i + seed) % 256));
}

async function archive(
  change: Record<string, Uint8Array<ArrayBuffer>> = {},
): Promise<{ set: CifarSet; bytes: Uint8Array }> {
  const names = [...cifar10Set.train, ...cifar10Set.test];
  const files = { ...Object.fromEntries(names.map((name, i) => [name, batch(i)])), ...change };
  const entries = Object.entries(files).map(([name, body]) => ({
    header: { name: `cifar-10-batches-bin/${name}`, size: body.length },
    body,
  }));
  const bytes = new Uint8Array(gzipSync(await packTar(entries)));
  return { set: { ...cifar10Set, perFile: 2, md5: createHash("md5").update(bytes).digest("hex") }, bytes };
}

describe("data.cifar10", () => {
  it("downloads once and reads red, green and blue maps", async () => {
    const { set, bytes } = await archive();
    const mirror = await startMirror(serve({ [set.archive]: bytes }));
    const dir = await folderWith({});
    const { train, test } = await readCifar(access, { dir, mirrors: [mirror.address] }, set);
    expect(train.images.shape).toEqual([10, 3, 32, 32]);
    expect(train.labels.toArray()).toEqual([0, 0, 1, 1, 2, 2, 3, 3, 4, 4]);
    expect(test.classes[5]).toBe("dog");
    expect(test.images.toTypedArray()[1024]).toBe(Math.fround(((1025 + 5) % 256) / 255));
    await readCifar(access, { dir, download: false }, set);
    expect(mirror.requests).toEqual([set.archive]);
  });

  it.each<[string, Record<string, Uint8Array<ArrayBuffer>>, RegExp]>([
    [
      "a short file",
      { "test_batch.bin": batch(1).slice(1) },
      /expected 6146 bytes in test_batch.bin, found 6145/,
    ],
    [
      "a label that is none",
      { "data_batch_2.bin": batch(10) },
      /labels from 0 to 9, found 10 in data_batch_2.bin at 0/,
    ],
  ])("refuses %s", async (_, change, message) => {
    const { set, bytes } = await archive(change);
    const dir = await folderWith({ [set.archive]: bytes });
    await expect(readCifar(access, { dir }, set)).rejects.toThrow(message);
  });

  it("refuses other archives and says what to put where", async () => {
    const { set, bytes } = await archive();
    const dir = await folderWith({ [set.archive]: bytes.subarray(0, 50) });
    await expect(cifar10({ dir })).rejects.toThrow(DataError);
    const empty = await folderWith({});
    await expect(cifar10({ dir: empty, download: false })).rejects.toThrow(/Put cifar-10-binary.tar.gz into/);
    const wrong = await startMirror(serve({ [set.archive]: bytes }));
    await expect(cifar10({ dir: empty, mirrors: [wrong.address] })).rejects.toThrow(MissingDataError);
    await expect(cifar10({ path: "x" } as never)).rejects.toThrow(/there is no option "path"/);
  });
});
