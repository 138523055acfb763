import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { crc32, deflateRawSync, constants as zlib } from "node:zlib";
import { encode as encodePng } from "fast-png";
import jpeg from "jpeg-js";
import { describe, expect, it } from "vitest";
import { DataError, image, imageFolder, MissingDataError } from "../../engine/data/index.ts";
import golden from "./golden/images.json" with { type: "json" };
import { folderWith } from "./idxFiles.ts";

/** A file with this content in a folder of its own. */
async function fileWith(bytes: Uint8Array, name = "picture.png"): Promise<string> {
  return join(await folderWith({ [name]: bytes }), name);
}

function png(width: number, height: number, levels: ArrayLike<number>): Uint8Array {
  return encodePng({ width, height, data: Uint8Array.from(levels), channels: 3, depth: 8 });
}

/** A small picture of one colour. */
function plain(level: number, width = 2, height = 2): Uint8Array {
  return png(width, height, new Uint8Array(width * height * 3).fill(level));
}

/** A JPEG with much detail. */
function photo(): Uint8Array {
  const data = new Uint8Array(64 * 64 * 4).map((_, i) => (i * i * 31) % 256);
  return jpeg.encode({ width: 64, height: 64, data }, 95).data;
}

/** A PNG with another header: width, height, depth, colour type, interlacing at their places. */
function withHeader(bytes: Uint8Array, changes: Readonly<Record<number, number>>): Uint8Array {
  const changed = Uint8Array.from(bytes);
  for (const [place, value] of Object.entries(changes)) changed[Number(place)] = value;
  return changed;
}

/** A chunk of a PNG. */
function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}

/** A megabyte that zlib inflates to a gigabyte of zeros: a flushed block knows nothing of those before it, so it may be repeated. */
function gigabyte(): Buffer {
  const block = deflateRawSync(new Uint8Array(2 ** 24), { finishFlush: zlib.Z_FULL_FLUSH });
  return Buffer.concat([Buffer.of(0x78, 0x9c), ...new Array<Buffer>(64).fill(block), Buffer.of(3, 0)]);
}

/** A PNG with more chunks after its header. */
function withChunks(bytes: Uint8Array, ...chunks: readonly Buffer[]): Uint8Array {
  return Buffer.concat([bytes.subarray(0, 33), ...chunks, bytes.subarray(33)]);
}

/** A JPEG of 32 × 16 pixels with red, green (above), blue and white (below) quarters, and what its camera noted. */
function quarters(exif: Uint8Array): Uint8Array {
  const colours = [
    [255, 0, 0, 255],
    [0, 255, 0, 255],
    [0, 0, 255, 255],
    [255, 255, 255, 255],
  ];
  const data = Uint8Array.from({ length: 16 * 32 * 4 }, (_, i) => {
    const [x, y] = [Math.floor(i / 4) % 32, Math.floor(i / 128)];
    return colours[(y < 8 ? 0 : 2) + (x < 16 ? 0 : 1)]![i % 4]!;
  });
  const bytes = jpeg.encode({ width: 32, height: 16, data }, 100).data;
  const length = exif.length + 8;
  return Buffer.concat([
    bytes.subarray(0, 2),
    Buffer.of(0xff, 0xe1, length >> 8, length & 255, ...Buffer.from("Exif\0\0", "latin1")),
    exif,
    bytes.subarray(2),
  ]);
}

/** An Exif segment's content whose second entry is the orientation. */
function orientation(value: number, isLittle: boolean): Buffer {
  const words = (...values: readonly number[]) =>
    Buffer.from(values.flatMap((word) => (isLittle ? [word & 255, word >> 8] : [word >> 8, word & 255])));
  const long = (word: number) => (isLittle ? words(word, 0) : words(0, word));
  const entry = (tag: number, type: number, data: Buffer) => Buffer.concat([words(tag, type), long(1), data]);
  return Buffer.concat([
    Buffer.from(isLittle ? "II" : "MM"),
    words(42),
    long(8),
    words(2),
    entry(0x0100, 4, long(32)),
    entry(0x0112, 3, words(value, 0)),
    long(0),
  ]);
}

/** Which colours are in the corners: above left and right, below left and right. */
async function corners(bytes: Uint8Array): Promise<{ shape: readonly number[]; colours: string }> {
  const picture = await image(await fileWith(bytes, "photo.jpg"));
  const [, height, width] = picture.shape as [number, number, number];
  const colours = [
    [3, 3],
    [3, width - 4],
    [height - 4, 3],
    [height - 4, width - 4],
  ].map(([y, x]) => {
    const [red, green, blue] = [0, 1, 2].map((c) => picture.at(c, y!, x!).item() > 0.5);
    return red && green && blue ? "W" : red ? "R" : green ? "G" : blue ? "B" : "?";
  });
  return { shape: picture.shape, colours: colours.join("") };
}

const level = (value: number) => Math.fround(value / 255);

describe("data.image", () => {
  it("reads the channels of a PNG, each a map of its own", async () => {
    const picture = await image(await fileWith(png(2, 1, [255, 0, 51, 102, 204, 0])));
    expect(picture.shape).toEqual([3, 1, 2]);
    expect(picture.dtype).toBe("float32");
    expect([...picture.toTypedArray()]).toEqual([1, level(102), 0, level(204), level(51), 0]);
  });

  it("gives the brightness as one channel", async () => {
    const picture = await image(await fileWith(png(3, 1, [255, 0, 0, 0, 255, 0, 0, 0, 255])), { grey: true });
    expect(picture.shape).toEqual([1, 1, 3]);
    expect([...picture.toTypedArray()]).toEqual([0.299, 0.587, 0.114].map(Math.fround));
  });

  it("lays transparent pixels over white", async () => {
    const data = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 255, 255, 0, 0, 51);
    const bytes = encodePng({ width: 3, height: 1, data, channels: 4, depth: 8 });
    const picture = await image(await fileWith(bytes));
    const expected = [1, 0, 1, 1, 0, 0.8, 1, 0, 0.8];
    picture.toTypedArray().forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i]!, 6);
    });
  });

  it("reads 16-bit PNGs", async () => {
    const data = Uint16Array.of(0, 1000, 65535, 30000);
    const bytes = encodePng({ width: 2, height: 2, data, channels: 1, depth: 16 });
    const picture = await image(await fileWith(bytes));
    expect(picture.shape).toEqual([3, 2, 2]);
    expect([...picture.toTypedArray().slice(0, 4)]).toEqual(Array.from(data, (v) => Math.fround(v / 65535)));
  });

  it("reads palettes and pixels of less than a byte", async () => {
    // 3 × 2 pixels of 2 bits in four colours, the last half transparent; made by hand from the PNG specification.
    const bytes = Buffer.from(
      "iVBORw0KGgoAAAANSUhEUgAAAAMAAAACAgMAAADgGo6JAAAADFBMVEX/AAAA/wAAAP8AAAD7vkbkAAAABHRSTlP///+ArZIq1AAAAAxJREFUeJxjkGA4AgABEADdEeUPIgAAAABJRU5ErkJggg==",
      "base64",
    );
    const picture = await image(await fileWith(bytes));
    expect(picture.shape).toEqual([3, 2, 3]);
    const expected = [1, 0, 0, 127 / 255, 1, 0, 0, 1, 0, 127 / 255, 0, 1, 0, 0, 1, 127 / 255, 0, 0];
    picture.toTypedArray().forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i]!, 6);
    });
    const bits = await image(
      await fileWith(
        Buffer.from(
          "iVBORw0KGgoAAAANSUhEUgAAAAoAAAABAQAAAADPjgLTAAAAC0lEQVR4nGPY2AAAAeUBMh08bZYAAAAASUVORK5CYII=",
          "base64",
        ),
      ),
      { grey: true },
    );
    expect(bits.toArray()).toEqual([[[1, 0, 1, 1, 0, 0, 0, 1, 1, 0]]]);
  });

  it("reads JPEGs whatever their name", async () => {
    const data = new Uint8Array(16 * 16 * 4).map((_, i) => [200, 100, 50, 255][i % 4]!);
    const bytes = jpeg.encode({ width: 16, height: 16, data }, 95).data;
    const picture = await image(await fileWith(bytes, "picture.txt"));
    expect(picture.shape).toEqual([3, 16, 16]);
    const values = picture.toTypedArray();
    [200, 100, 50].forEach((wanted, c) => {
      expect(Math.abs(values[256 * c + 100]! * 255 - wanted)).toBeLessThan(3);
    });
  });

  // Which side of the scene the first stored row and the first stored column are: the table of Exif 2.3, section 4.6.4.
  it.each<[number, string, string]>([
    [1, "top", "left"],
    [2, "top", "right"],
    [3, "bottom", "right"],
    [4, "bottom", "left"],
    [5, "left", "top"],
    [6, "right", "top"],
    [7, "right", "bottom"],
    [8, "left", "bottom"],
  ])("turns JPEGs of orientation %d upright: first row %s, first column %s", async (value, row, column) => {
    const opposite: Record<string, string> = { top: "bottom", bottom: "top", left: "right", right: "left" };
    const places = ["top left", "top right", "bottom left", "bottom right"];
    const expected = new Array<string>(4).fill("?");
    for (const [colour, sides] of Object.entries({
      R: [row, column],
      G: [row, opposite[column]!],
      B: [opposite[row]!, column],
      W: [opposite[row]!, opposite[column]!],
    }))
      expected[places.findIndex((place) => sides.every((side) => place.split(" ").includes(side)))] = colour;
    for (const isLittle of [true, false]) {
      const { shape, colours } = await corners(quarters(orientation(value, isLittle)));
      expect(colours).toBe(expected.join(""));
      expect(shape).toEqual(value < 5 ? [3, 16, 32] : [3, 32, 16]);
    }
  });

  it.each<[string, Uint8Array]>([
    ["no such orientation", orientation(9, true)],
    ["half a directory", orientation(6, true).subarray(0, 26)],
    ["a directory that lies elsewhere", withHeader(orientation(6, true), { 4: 255, 7: 255 })],
    ["another format", withHeader(orientation(6, false), { 3: 43 })],
    ["nothing", new Uint8Array()],
  ])("shows a JPEG as it is stored where Exif says %s", async (_, exif) => {
    expect((await corners(quarters(exif))).colours).toBe("RGBW");
  });

  it("takes no more memory than a picture needs, whatever its file inflates to", async () => {
    const bomb = gigabyte();
    const small = plain(51);
    const [header, end] = [small.subarray(0, 33), chunk("IEND", new Uint8Array())];
    const before = process.resourceUsage().maxRSS;
    await expect(image(await fileWith(Buffer.concat([header, chunk("IDAT", bomb), end])))).rejects.toThrow(
      /found a broken one \(it holds far more than the pixels that its header promises\)/,
    );
    const profile = Buffer.concat([Buffer.from("profile\0\0", "latin1"), bomb]);
    const huge = Buffer.from(header.subarray(16, 29)).fill(1, 0, 8);
    const picture = await image(
      await fileWith(withChunks(small, chunk("iCCP", profile), chunk("IHDR", huge))),
    );
    expect([picture.shape, picture.max().item()]).toEqual([[3, 2, 2], level(51)]);
    expect(process.resourceUsage().maxRSS - before).toBeLessThan(200_000); // kilobytes
  });

  it.each(golden.cases)("resizes $size to $to as PyTorch does", async ({ size, to, levels, resized }) => {
    const [height, width] = size as [number, number];
    const picture = await image(await fileWith(png(width, height, levels)), { size: to as [number, number] });
    expect(picture.shape).toEqual([3, ...to]);
    picture.toTypedArray().forEach((value, i) => {
      expect(Math.abs(value - resized[i]!)).toBeLessThan(1e-5);
    });
  });

  it.each<[string, Uint8Array, RegExp]>([
    [
      "half a PNG",
      plain(9, 40, 40).subarray(0, 60),
      /picture.png: expected a whole PNG image, found a broken one/,
    ],
    ["the start of a PNG", plain(9).subarray(0, 20), /truncated one of 20 bytes/],
    ["a PNG with a flipped bit", withHeader(plain(9), { 45: 77 }), /found a broken one/],
    [
      "a size that no picture has",
      withHeader(plain(9), { 16: 127 }),
      /at most 64 million pixels, found 2130706434 × 2/,
    ],
    ["half a JPEG", photo().subarray(0, 1500), /a whole JPEG image, found a broken one/],
    [
      "a JPEG that breaks off",
      Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0, 16),
      /a whole JPEG image, found a broken one/,
    ],
    [
      "a GIF",
      new TextEncoder().encode("GIF89a…"),
      /expected a PNG or JPEG image, found a GIF image; save it as PNG/,
    ],
    ["a web page", new TextEncoder().encode("<html>"), /found text that begins with </],
    ["an empty file", new Uint8Array(), /found an empty file/],
  ])("refuses %s", async (_, bytes, message) => {
    const reading = image(await fileWith(bytes));
    await expect(reading).rejects.toThrow(DataError);
    await expect(reading).rejects.toThrow(message);
  });

  it("refuses what students write", async () => {
    const path = await fileWith(plain(0));
    await expect(image(dirname(path))).rejects.toThrow(/is a folder; data.imageFolder reads folders/);
    await expect(image(`${path}x`)).rejects.toThrow(MissingDataError);
    await expect(image("")).rejects.toThrow("data.image: path must be the path of a file");
    await expect(image(path, { size: 0 })).rejects.toThrow(/data.image: size/);
    await expect(image(path, { gray: true } as never)).rejects.toThrow(/there is no option "gray"/);
    await expect(image(path, { grey: "yes" } as never)).rejects.toThrow(/grey must be true or false/);
  });
});

/** A folder with these files in their classes' folders. */
async function tree(files: Readonly<Record<string, Uint8Array>>): Promise<string> {
  const root = await folderWith({});
  for (const [path, bytes] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), bytes);
  }
  return root;
}

describe("data.imageFolder", () => {
  it("makes a class of each folder, sorted", async () => {
    const root = await tree({
      "dog/b.png": plain(20),
      "dog/a.png": plain(10),
      "cat/x.png": plain(30),
      "cat/.hidden": Uint8Array.of(1),
      "README.md": Uint8Array.of(1),
    });
    const set = await imageFolder(root);
    expect(set.classes).toEqual(["cat", "dog"]);
    expect(set.labels.toArray()).toEqual([0, 1, 1]);
    expect(set.images.shape).toEqual([3, 3, 2, 2]);
    expect([0, 12, 24].map((i) => set.images.toTypedArray()[i])).toEqual([30, 10, 20].map(level));
    expect(set.variants).toEqual(["cat/x.png", "dog/a.png", "dog/b.png"]);
  });

  it("brings mixed sizes to one, or says that it takes size", async () => {
    const root = await tree({ "a/1.png": plain(51, 4, 2), "b/1.png": plain(255, 3, 3) });
    const set = await imageFolder(root, { size: 2, grey: true });
    expect(set.images.shape).toEqual([2, 1, 2, 2]);
    set.images.toTypedArray().forEach((value, i) => {
      expect(value).toBeCloseTo(i < 4 ? 0.2 : 1, 6);
    });
    await expect(imageFolder(root)).rejects.toThrow(
      /b.1.png is \[3, 3, 3\], but .*a.1.png is \[3, 2, 4\]; give the size/,
    );
  });

  it("turns photographs upright", async () => {
    const root = await tree({
      "a/high.jpg": quarters(orientation(6, true)),
      "a/high.png": plain(0, 16, 32),
      "b/turned.jpg": quarters(orientation(8, false)),
    });
    expect((await imageFolder(root)).images.shape).toEqual([3, 3, 32, 16]);
  });

  it.each<[string, Record<string, Uint8Array>, RegExp]>([
    ["no classes", { "notes.txt": plain(0) }, /has no folders for classes; put the images of each class/],
    [
      "images outside the classes",
      { "1.png": plain(0), "a/2.png": plain(0) },
      /outside the classes' folders, such as 1.png/,
    ],
    ["a class without images", { "a/.keep": plain(0) }, /the folder .*a is empty/],
    ["a folder in a class", { "a/b/1.png": plain(0) }, /is a folder in the folder of a class/],
    [
      "a file that is no image",
      { "a/1.png": plain(0), "a/notes.txt": Uint8Array.of(65) },
      /notes.txt: expected a PNG or JPEG/,
    ],
  ])("refuses %s", async (_, files, message) => {
    await expect(imageFolder(await tree(files))).rejects.toThrow(message);
  });

  it("says where it looked", async () => {
    await expect(imageFolder("no/such/folder")).rejects.toThrow(MissingDataError);
  });
});
