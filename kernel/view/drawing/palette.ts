/** Pixels as places in a palette of at most 256 colours: a third of the bytes to compress, and of the file. */

export interface Indexed {
  /** Of the pictures one after the other. */
  indices: Uint8Array;
  /** Red, green, blue of each place. */
  colours: number[];
}

/** Places in a palette. */
const MOST = 256;

/**
 * The palette of a picture's own colours. Where they are too many, `kept`, packed as the bytes R, G, B, A are read, stay as they are,
 * and the others, edges of text, are merged where they are near; null where there are none to keep, or too many.
 */
export function exactPalette(rgba: Uint8Array, width: number, kept?: readonly number[]): Indexed | null {
  const runs = runsOf([rgba], width);
  const found = new ColourTable();
  const places = new Uint32Array(runs.count);
  for (let run = 0; run < runs.count; run++) {
    places[run] = found.placeOf(runs.colours[run]!);
    if (found.colours.length > (kept === undefined ? MOST : MOST_DISTINCT)) return null;
  }
  if (found.colours.length <= MOST) return indexed(runs, found.colours, places);
  if (kept === undefined || kept.length > MOST) return null;
  const counts = new Float64Array(found.colours.length);
  for (let run = 0; run < runs.count; run++) counts[places[run]!]! += runs.weights[run]!;
  const fixed = new Set(kept);
  const others = found.colours
    .map((colour, place) => ({ colour, count: counts[place]! }))
    .filter(({ colour }) => !fixed.has(colour));
  const palette = [...kept, ...mostUsed(others, MOST - kept.length)];
  const nearestPlace = found.colours.map((colour) => {
    const own = palette.indexOf(colour);
    return own === -1 ? nearest(colour, palette) : own;
  });
  for (let run = 0; run < runs.count; run++) places[run] = nearestPlace[places[run]!]!;
  return indexed(runs, palette, places);
}

/** A photograph has more: it stays as it is. */
const MOST_DISTINCT = 4096;

/** One colour, the most used, of each cube of 16×16×16 colours; of at most so many cubes. */
function mostUsed(colours: readonly { colour: number; count: number }[], most: number): number[] {
  const cubes = new Map<number, { colour: number; count: number; all: number }>();
  for (const { colour, count } of colours) {
    const cube = cubeOf(colour, 4);
    const known = cubes.get(cube);
    const best = known === undefined || count > known.count ? { colour, count } : known;
    cubes.set(cube, { colour: best.colour, count: best.count, all: (known?.all ?? 0) + count });
  }
  return [...cubes.values()]
    .sort((a, b) => b.all - a.all)
    .slice(0, most)
    .map(({ colour }) => colour);
}

/** Places of colours in the order in which they came: open addressing, four times as fast as a Map for noise. */
class ColourTable {
  readonly colours: number[] = [];
  readonly #slots = new Int32Array(4 * MOST_DISTINCT).fill(-1);

  placeOf(colour: number): number {
    for (let slot = (Math.imul(colour, 0x9e3779b1) >>> 18) & 0x3fff; ; slot = (slot + 1) & 0x3fff) {
      const place = this.#slots[slot]!;
      if (place === -1) {
        this.#slots[slot] = this.colours.length;
        return this.colours.push(colour) - 1;
      }
      if (this.colours[place] === colour) return place;
    }
  }
}

/**
 * For pictures of one size: one palette entry for each used cube of 8×8×8 colours, or of 16×16×16 where those are too many, the
 * `most` most used.
 */
export function nearPalette(pictures: readonly Uint8Array[], width: number, most = MOST): Indexed {
  const runs = runsOf(pictures, width);
  const fine = usedCubes(runs, 3);
  const [shift, { used, colours }] = fine.used.length <= most ? [3, fine] : [4, usedCubes(runs, 4)];
  const kept = used.slice(0, most).map((cube) => colours[cube]!);
  const placeOf = new Uint8Array(colours.length);
  used.forEach((cube, i) => {
    placeOf[cube] = i < most ? i : nearest(colours[cube]!, kept);
  });
  const places = new Uint32Array(runs.count);
  for (let run = 0; run < runs.count; run++) places[run] = placeOf[cubeOf(runs.colours[run]!, shift)]!;
  return indexed(runs, kept, places);
}

/** Neighbours of one colour, row by row: drawn pictures have ten times fewer of them than pixels, and many rows that were there before. */
interface Runs {
  width: number;
  count: number;
  colours: Uint32Array;
  lengths: Uint32Array;
  /** Pixels of a run and of its like in the rows below. */
  weights: Uint32Array;
  /** For each row of all pictures the earlier row that it is like, which has no runs of its own; −1 for others. */
  like: Int32Array;
}

/** A row is compared with the one above, and with its own in the picture before. */
function runsOf(pictures: readonly Uint8Array[], width: number): Runs {
  const height = width === 0 ? 0 : pictures[0]!.length / 4 / width;
  const like = new Int32Array(pictures.length * height).fill(-1);
  const runs = new RunList(pictures[0]!.length >> 4);
  // Whether the row above is, or is like, the last that has runs.
  let isLast = false;
  for (const [k, rgba] of pictures.entries()) {
    const bytes = Buffer.from(rgba.buffer, rgba.byteOffset, rgba.length);
    const pixels = new Uint32Array(rgba.buffer, rgba.byteOffset, rgba.length >> 2);
    for (let y = 0; y < height; y++) {
      const row = k * height + y;
      const [start, end] = [4 * y * width, 4 * (y + 1) * width];
      if (k > 0 && bytes.compare(pictures[k - 1]!, start, end, start, end) === 0) {
        like[row] = row - height;
        isLast = false;
      } else if (y > 0 && bytes.compare(bytes, start - 4 * width, start, start, end) === 0) {
        like[row] = row - 1;
        if (isLast) runs.repeat();
      } else {
        runs.addRow(pixels, start >> 2, end >> 2);
        isLast = true;
      }
    }
  }
  runs.finish();
  const { count, colours, lengths, weights } = runs;
  return { ...{ width, count, like }, ...{ colours, lengths, weights } };
}

/** Runs of rows as they come, in arrays that grow. */
class RunList {
  count = 0;
  colours: Uint32Array;
  lengths: Uint32Array;
  weights: Uint32Array;
  #first = 0;
  #rows = 0;

  constructor(room: number) {
    [this.colours, this.lengths, this.weights] = [0, 0, 0].map(() => new Uint32Array(room)) as [
      Uint32Array,
      Uint32Array,
      Uint32Array,
    ];
  }

  addRow(pixels: Uint32Array, start: number, end: number): void {
    this.finish();
    [this.#first, this.#rows] = [this.count, 1];
    if (this.count + end - start > this.colours.length) this.#grow(this.count + end - start);
    const { colours, lengths } = this;
    let { count } = this;
    for (let i = start; i < end; count++) {
      const [colour, from] = [pixels[i]!, i];
      do i++;
      while (i < end && pixels[i] === colour);
      colours[count] = colour;
      lengths[count] = i - from;
    }
    this.count = count;
  }

  /** The last row once more. */
  repeat(): void {
    this.#rows++;
  }

  finish(): void {
    for (let run = this.#first; run < this.count; run++) this.weights[run] = this.lengths[run]! * this.#rows;
    this.#first = this.count;
  }

  #grow(needed: number): void {
    const larger = (old: Uint32Array): Uint32Array => {
      const grown = new Uint32Array(Math.max(needed, 2 * old.length));
      grown.set(old);
      return grown;
    };
    [this.colours, this.lengths, this.weights] = [this.colours, this.lengths, this.weights].map(larger) as [
      Uint32Array,
      Uint32Array,
      Uint32Array,
    ];
  }
}

function indexed(runs: Runs, palette: readonly number[], places: Uint32Array): Indexed {
  const { width, lengths, like } = runs;
  const indices = new Uint8Array(width * like.length);
  let run = 0;
  for (let row = 0; row < like.length; row++) {
    const [start, end] = [row * width, (row + 1) * width];
    if (like[row]! >= 0) {
      indices.copyWithin(start, like[row]! * width, (like[row]! + 1) * width);
      continue;
    }
    for (let i = start; i < end; run++) {
      const [place, last] = [places[run]!, i + lengths[run]!];
      if (last - i > LONG_RUN) indices.fill(place, i, last);
      else for (let at = i; at < last; at++) indices[at] = place;
      i = last;
    }
  }
  return {
    indices,
    colours: palette.flatMap((colour) => [colour & 255, (colour >> 8) & 255, (colour >> 16) & 255]),
  };
}

/** From here on `fill` is faster than a loop. */
const LONG_RUN = 32;

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
  for (let run = 0; run < runs.count; run++) {
    const cube = cubeOf(runs.colours[run]!, shift);
    if (counts[cube] === 0) {
      used.push(cube);
      colours[cube] = runs.colours[run]!;
    }
    counts[cube]! += runs.weights[run]!;
  }
  return { used: used.sort((a, b) => counts[b]! - counts[a]!), colours };
}

function nearest(colour: number, kept: readonly number[]): number {
  let [best, least] = [0, Number.POSITIVE_INFINITY];
  kept.forEach((other, i) => {
    let square = 0;
    for (const shift of [0, 8, 16]) square += (((colour >> shift) & 255) - ((other >> shift) & 255)) ** 2;
    if (square < least) [best, least] = [i, square];
  });
  return best;
}
