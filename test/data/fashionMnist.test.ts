import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { fashionMnistSet } from "../../engine/data/fashionMnist.ts";
import { fashionMnist, MissingDataError } from "../../engine/data/index.ts";
import { readMnist } from "../../engine/data/mnist.ts";
import { nodeFiles } from "../../engine/data/nodeFiles.ts";
import { folderWith, gzipped, imageFile, smallSet } from "./idxFiles.ts";
import { serve, startMirror } from "./mirror.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

describe("data.fashionMnist", () => {
  it("reads IDX files with the names of clothes", async () => {
    const { train, test } = await fashionMnist({ dir: await folderWith(smallSet()), test: 5 });
    expect(train.images.shape).toEqual([30, 1, 28, 28]);
    expect([train.classes[0], train.classes[9]]).toEqual(["T-shirt/top", "Ankle boot"]);
    expect(`${test}`).toBe("Fashion-MNIST, test: 5 images 28 × 28, 10 classes");
  });

  it("takes no MNIST that lies in the shared folder for itself", async () => {
    const shared = await folderWith(smallSet());
    vi.stubEnv("NNLAB_DATA", shared);
    vi.stubEnv("NNLAB_CACHE", join(shared, "cache"));
    const error = await fashionMnist({ download: false }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(MissingDataError);
    expect(String(error)).toMatch(
      /data.fashionMnist: Fashion-MNIST is not on this machine and download is false/,
    );
    expect(String(error)).toContain('data.fashionMnist({ dir: "…" })');
    await mkdir(join(shared, "fashion-mnist"));
    for (const [name, bytes] of Object.entries(smallSet()))
      await writeFile(join(shared, "fashion-mnist", name), bytes);
    expect((await fashionMnist({ download: false })).test.size).toBe(20);
  });

  it("keeps of a download only archives with the authors' checksums", async () => {
    const archives = gzipped(smallSet());
    const contents = smallSet();
    const originals = fashionMnistSet.originals.map((original) => ({
      ...original,
      length: contents[original.name]!.length,
      checksum: {
        ...original.checksum,
        digest: createHash("md5").update(archives[`${original.name}.gz`]!).digest("hex"),
      },
    }));
    const set = { ...fashionMnistSet, originals };
    const access = { ...nodeFiles, environment: () => undefined, showProgress: () => undefined };
    const other = gzipped({ "train-images-idx3-ubyte": imageFile(30).fill(9, 16) });
    const wrong = await startMirror(serve({ ...archives, ...other }));
    const cache = await folderWith({});
    await expect(readMnist(access, { cache, mirrors: [wrong.address] }, set)).rejects.toThrow(
      /expected the original file of Fashion-MNIST \(MD5 /,
    );
    const unpacked = await startMirror((response, request, name) =>
      serve({ [name]: contents[name.replace(".gz", "")]! })(response, request, name),
    );
    await expect(
      readMnist(access, { cache: await folderWith({}), mirrors: [unpacked.address] }, set),
    ).rejects.toThrow(/expected a gzip file, whose checksum is known/);
    const good = await startMirror(serve(archives));
    expect((await readMnist(access, { cache, mirrors: [good.address] }, set)).train.size).toBe(30);
    expect((await readMnist(access, { cache, download: false }, set)).train.size).toBe(30);
  });

  it("names itself where an option is wrong", async () => {
    await expect(fashionMnist({ train: 0 })).rejects.toThrow(
      "data.fashionMnist: train must be a whole number",
    );
    await expect(fashionMnist({ folder: "x" } as never)).rejects.toThrow(
      'data.fashionMnist: there is no option "folder"',
    );
  });
});
