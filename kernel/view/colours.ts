/** Colour maps: a number to a colour. Plain arithmetic, no drawing. */

export type Rgb = readonly [number, number, number];

/** Evenly spaced stops; in between, colours are mixed linearly. */
const stops = {
  /** Perceptually even, readable in grey (matplotlib's default). */
  viridis:
    "440154 481467 482677 453781 3f4788 39558c 32648e 2d718e 287d8e 238a8d 1f968b 20a386 29af7f 3dbc74 56c667 75d054 95d840 bade28 dde318 fde725",
  /** ColorBrewer Blues, from white. */
  blues: "ffffff e3eef9 cfe1f2 b5d4e9 93c3df 6daed5 4b97c9 2f7ebc 1864aa 0a4a90 08306b",
  /** ColorBrewer RdBu reversed: blue below the middle, white at it, red above. */
  diverging: "053061 2166ac 4393c3 92c5de d1e5f0 ffffff fddbc7 f4a582 d6604d b2182b 67001f",
  /** Black to white, as the camera saw it. */
  grey: "000000 ffffff",
} as const;

export type ColourMapName = keyof typeof stops;

/** Colours for values no map has: they must stand out of every map above. */
export const nonFinite = { nan: [230, 0, 200], infinite: [255, 140, 0] } as const;

export function parseHex(hex: string): Rgb {
  const code = Number.parseInt(hex.replace("#", ""), 16);
  return [code >> 16, (code >> 8) & 255, code & 255];
}

export function hexOf(colour: Rgb): string {
  return `#${colour.map((part) => part.toString(16).padStart(2, "0")).join("")}`;
}

const tables = new Map<ColourMapName, Uint8Array>();

/** The map as 256 RGB triples. */
export function colourTable(name: ColourMapName): Uint8Array {
  const known = tables.get(name);
  if (known) return known;
  const colours = stops[name].split(" ").map(parseHex);
  const table = new Uint8Array(256 * 3);
  for (let level = 0; level < 256; level++) {
    const position = (level / 255) * (colours.length - 1);
    const below = Math.min(Math.floor(position), colours.length - 2);
    const share = position - below;
    for (let channel = 0; channel < 3; channel++) {
      const mixed = colours[below]![channel]! * (1 - share) + colours[below + 1]![channel]! * share;
      table[level * 3 + channel] = Math.round(mixed);
    }
  }
  tables.set(name, table);
  return table;
}

export interface ValueRange {
  low: number;
  high: number;
  nan: number;
  infinite: number;
}

/** The same numbers in one of two kinds of array: a loop that has met more of them takes ten times as long for each number. */
export const asFloats = (values: ArrayLike<number>): Float32Array | Float64Array =>
  values instanceof Float32Array || values instanceof Float64Array ? values : new Float64Array(values);

/** The range of the finite values, and how many are not finite. All constant or none finite: a range of width 1. */
export function valueRange(numbers: ArrayLike<number>): ValueRange {
  const values = asFloats(numbers);
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  let nan = 0;
  let infinite = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (Number.isFinite(value)) {
      if (value < low) low = value;
      if (value > high) high = value;
    } else if (Number.isNaN(value)) nan++;
    else infinite++;
  }
  if (low > high) return { low: 0, high: 1, nan, infinite };
  return { low, high, nan, infinite };
}

/** The same range widened so that 0 is in its middle, for diverging maps. */
export function centred(range: ValueRange): ValueRange {
  const reach = Math.max(Math.abs(range.low), Math.abs(range.high)) || 1;
  return { ...range, low: -reach, high: reach };
}

/** The colour of one value in the map over `[low, high]`. */
export function colourOf(value: number, map: ColourMapName, low: number, high: number): Rgb {
  if (Number.isNaN(value)) return nonFinite.nan;
  if (!Number.isFinite(value)) return nonFinite.infinite;
  const share = high > low ? (value - low) / (high - low) : 0.5;
  const level = Math.round(Math.min(1, Math.max(0, share)) * 255) * 3;
  const table = colourTable(map);
  return [table[level]!, table[level + 1]!, table[level + 2]!];
}
