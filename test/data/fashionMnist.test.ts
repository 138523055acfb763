import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, it, vi } from "vitest";
import { fashionMnistSet } from "../../engine/data/fashionMnist.ts";
import { fashionMnist, MissingDataError } from "../../engine/data/index.ts";
import { readMnist } from "../../engine/data/mnist.ts";
import { nodeFiles } from "../../engine/data/nodeFiles.ts";
import { folderWith, gzipped, imageFile, labelFile, smallSet } from "./idxFiles.ts";
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

    // A damaged file is fetched again in the cache, and left alone in a folder of the user's.
    const [labels, damaged] = ["t10k-labels-idx1-ubyte.gz", gzipSync(labelFile(20).fill(1, 8))];
    const kept = await folderWith({ ...archives, [labels]: damaged });
    const asked = good.requests.length;
    await expect(readMnist(access, { dir: kept, mirrors: [good.address] }, set)).rejects.toThrow(
      /the file is damaged.*\nThe original is at .*\/t10k-labels-idx1-ubyte\.gz; your own folder is left as it is/,
    );
    expect(await readFile(join(kept, labels))).toEqual(damaged);
    await readMnist(access, { cache: kept, mirrors: [good.address] }, set);
    expect(good.requests.slice(asked)).toEqual([labels]);

    // Where nothing can be kept there are the data all the same.
    const lines: string[] = [];
    const telling = { ...access, showProgress: (line: string) => lines.push(line) };
    const unwritable = { cache: join(kept, labels, "cache"), mirrors: [good.address] };
    expect((await readMnist(telling, unwritable, set)).test.size).toBe(20);
    expect(lines.at(-1)).toMatch(
      /Fashion-MNIST: downloaded, but it could not be kept for the next time: ENOTDIR/,
    );
  });

  it("names itself where an option is wrong", async () => {
    await expect(fashionMnist({ train: 0 })).rejects.toThrow(
      "data.fashionMnist: train must be a whole number",
    );
    await expect(fashionMnist({ download: "no" } as never)).rejects.toThrow(
      'data.fashionMnist: download must be true or false; got the string "no"',
    );
    await expect(fashionMnist({ folder: "x" } as never)).rejects.toThrow(
      'data.fashionMnist: there is no option "folder"',
    );
  });
});
