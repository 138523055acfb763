/** RGBA pixels to PNG, by zlib: three times faster and half as large as a general encoder on the flat pictures we draw. */
import { crc32, deflateSync } from "node:zlib";

/**
 * Encodes opaque pixels. Up to 256 colours become a palette; with `exact: false` near ones (antialiased edges) are
 * merged to get there, which nobody sees in a chart. Else exact pixels are 24-bit RGB. A lower `level` is faster and a little larger.
 */
export function encodePng(
  rgba: Uint8Array,
  width: number,
  height: number,
  options: { exact: boolean; level?: number },
): Buffer {
  const indexed = options.exact ? exactPalette(rgba) : nearPalette(rgba);
  const rows = indexed
    ? filterRows(indexed.indices, width, height, 1)
    : filterRows(withoutAlpha(rgba), width * 3, height, 3);
  return Buffer.concat([
    signature,
    chunk("IHDR", imageHeader(width, height, indexed ? 3 : 2)),
    ...(indexed ? [chunk("PLTE", Buffer.from(indexed.colours))] : []),
    chunk("IDAT", deflateSync(rows, { level: options.level ?? 6, memLevel: 9 })),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

export const signature = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);

/** IHDR of 8 bits a sample; colour type 2 is RGB, 3 a palette. */
export function imageHeader(width: number, height: number, colourType: 2 | 3): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 8;
  header[9] = colourType;
  return header;
}

export function chunk(type: string, body: Buffer): Buffer {
  const framed = Buffer.alloc(12 + body.length);
  framed.writeUInt32BE(body.length, 0);
  framed.write(type, 4, "latin1");
  body.copy(framed, 8);
  framed.writeUInt32BE(crc32(framed.subarray(4, 8 + body.length)), 8 + body.length);
  return framed;
}

interface Indexed {
  indices: Uint8Array;
  colours: number[];
}

function exactPalette(rgba: Uint8Array): Indexed | null {
  const pixels = new Uint32Array(rgba.buffer, rgba.byteOffset, rgba.length >> 2);
  const indices = new Uint8Array(pixels.length);
  const known = new Map<number, number>();
  const colours: number[] = [];
  let previous = -1;
  let index = 0;
  for (let i = 0; i < pixels.length; i++) {
    const pixel = pixels[i]!;
    if (pixel !== previous) {
      previous = pixel;
      const found = known.get(pixel);
      if (found === undefined) {
        if (known.size === 256) return null;
        index = known.size;
        known.set(pixel, index);
        colours.push(rgba[4 * i]!, rgba[4 * i + 1]!, rgba[4 * i + 2]!);
      } else index = found;
    }
    indices[i] = index;
  }
  return { indices, colours };
}

/** One palette entry for each used cube of 8×8×8 colours, or of 16×16×16 where those are too many: the `most` most used. */
export function nearPalette(rgba: Uint8Array, most = 256): Indexed {
  const runs = runsOf(rgba);
  const fine = usedCubes(runs, 3);
  return fine.used.length <= most ? indexed(runs, 3, fine, most) : indexed(runs, 4, usedCubes(runs, 4), most);
}

/** Neighbours of one colour: drawn pictures have ten times fewer of them than pixels. */
interface Runs {
  count: number;
  colours: Uint32Array;
  /** The pixel behind the last one of each. */
  ends: Uint32Array;
}

function runsOf(rgba: Uint8Array): Runs {
  const pixels = new Uint32Array(rgba.buffer, rgba.byteOffset, rgba.length >> 2);
  const colours = new Uint32Array(pixels.length);
  const ends = new Uint32Array(pixels.length);
  let count = 0;
  for (let i = 0; i < pixels.length; count++) {
    const colour = pixels[i]!;
    do i++;
    while (i < pixels.length && pixels[i] === colour);
    colours[count] = colour;
    ends[count] = i;
  }
  return { count, colours, ends };
}

interface Cubes {
  /** Cubes that have a pixel, the one with most first. */
  used: number[];
  /** The first colour of each cube. */
  colours: Uint32Array;
}

const cubeOf = (pixel: number, shift: number): number => {
  const bits = 8 - shift;
  const [red, green, blue] = [pixel & 255, (pixel >> 8) & 255, (pixel >> 16) & 255];
  return ((red >> shift) << (2 * bits)) | ((green >> shift) << bits) | (blue >> shift);
};

function usedCubes(runs: Runs, shift: number): Cubes {
  const counts = new Uint32Array(1 << (3 * (8 - shift)));
  const colours = new Uint32Array(counts.length);
  const used: number[] = [];
  for (let run = 0, start = 0; run < runs.count; run++) {
    const cube = cubeOf(runs.colours[run]!, shift);
    if (counts[cube] === 0) {
      used.push(cube);
      colours[cube] = runs.colours[run]!;
    }
    counts[cube]! += runs.ends[run]! - start;
    start = runs.ends[run]!;
  }
  return { used: used.sort((a, b) => counts[b]! - counts[a]!), colours };
}

/** Pixels by their cube's place in the palette; those of cubes that have none take the nearest colour. */
function indexed(runs: Runs, shift: number, { used, colours }: Cubes, most: number): Indexed {
  const kept = used.slice(0, most).map((cube) => colours[cube]!);
  const place = new Uint8Array(colours.length);
  used.forEach((cube, i) => {
    place[cube] = i < most ? i : nearest(colours[cube]!, kept);
  });
  const indices = new Uint8Array(runs.count === 0 ? 0 : runs.ends[runs.count - 1]!);
  for (let run = 0, i = 0; run < runs.count; run++) {
    const [index, end] = [place[cubeOf(runs.colours[run]!, shift)]!, runs.ends[run]!];
    if (end - i > LONG_RUN) indices.fill(index, i, end);
    else for (let at = i; at < end; at++) indices[at] = index;
    i = end;
  }
  return {
    indices,
    colours: kept.flatMap((colour) => [colour & 255, (colour >> 8) & 255, (colour >> 16) & 255]),
  };
}

/** From here on `fill` is faster than a loop. */
const LONG_RUN = 32;

function nearest(colour: number, kept: readonly number[]): number {
  let [best, least] = [0, Number.POSITIVE_INFINITY];
  kept.forEach((other, i) => {
    let square = 0;
    for (const shift of [0, 8, 16]) square += (((colour >> shift) & 255) - ((other >> shift) & 255)) ** 2;
    if (square < least) [best, least] = [i, square];
  });
  return best;
}

function withoutAlpha(rgba: Uint8Array): Uint8Array {
  const rgb = new Uint8Array((rgba.length / 4) * 3);
  for (let from = 0, to = 0; from < rgba.length; from += 4) {
    rgb[to++] = rgba[from]!;
    rgb[to++] = rgba[from + 1]!;
    rgb[to++] = rgba[from + 2]!;
  }
  return rgb;
}

/**
 * Each row as differences, which are mostly zeros where pixels are enlarged: to the row above where they are equal (filter
 * Up), else in RGB to the pixel on the left (filter Sub). Differences of palette entries mean nothing, those rows stay.
 */
export function filterRows(bytes: Uint8Array, stride: number, height: number, bytesPerPixel: 1 | 3): Buffer {
  const rows = Buffer.alloc((stride + 1) * height);
  for (let y = 0; y < height; y++) {
    const row = bytes.subarray(y * stride, (y + 1) * stride);
    const start = y * (stride + 1);
    if (y > 0 && Buffer.compare(row, bytes.subarray((y - 1) * stride, y * stride)) === 0) rows[start] = 2;
    else {
      rows.set(row, start + 1);
      if (bytesPerPixel === 3) {
        rows[start] = 1;
        for (let x = 3; x < stride; x++) rows[start + 1 + x] = row[x]! - row[x - 3]!;
      }
    }
  }
  return rows;
}
