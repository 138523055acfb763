/**
 * The ten digits as pens write them: several ways per digit, each a few strokes in a box of 100 × 100 with y downwards.
 * A stroke runs smoothly through its points; `!` marks a corner, where the pen changes direction at once.
 */

export interface Stroke {
  readonly x: readonly number[];
  readonly y: readonly number[];
  readonly corner: readonly boolean[];
}

export interface Glyph {
  readonly digit: number;
  /** What makes this way of writing the digit different, for people: `1 with a base`. */
  readonly name: string;
  /** How often people write the digit this way, relative to its other ways. */
  readonly weight: number;
  /** Usual width of the digit as a fraction of its height. */
  readonly aspect: number;
  readonly strokes: readonly Stroke[];
}

function stroke(path: string): Stroke {
  const points = path.split(" ").map((point) => /^(\d+),(\d+)(!?)$/.exec(point)!);
  return {
    x: points.map((point) => Number(point[1]) / 100),
    y: points.map((point) => Number(point[2]) / 100),
    corner: points.map((point) => point[3] === "!"),
  };
}

function glyph(name: string, weight: number, aspect: number, ...paths: readonly string[]): Glyph {
  return { digit: Number(name[0]), name, weight, aspect, strokes: paths.map(stroke) };
}

/** `glyphs[d]` holds the ways to write digit `d`. */
export const glyphs: readonly (readonly Glyph[])[] = [
  [
    glyph("0 closed at the top", 3, 0.72, "56,2 24,14 6,50 20,90 54,99 86,80 95,42 78,10 50,2"),
    glyph("0 with crossing ends", 2, 0.74, "74,6 40,4 10,34 8,76 38,100 76,86 95,46 80,12 46,3 34,14"),
    glyph("0 not quite closed", 1, 0.7, "42,5 14,26 8,68 36,98 74,90 95,52 84,16 60,0"),
  ],
  [
    glyph("1 as a plain stroke", 4, 0.12, "50,0 50,50 50,100"),
    glyph("1 with a flag", 3, 0.36, "16,28 48,15 78,0! 78,50 76,100"),
    glyph("1 with a flag and a base", 2, 0.5, "14,24 36,12 52,0! 52,50 52,98", "4,99 50,98 98,98"),
  ],
  [
    glyph("2 with a flat foot", 3, 0.74, "8,24 26,5 58,1 84,20 74,50 40,78 5,98! 50,95 97,97"),
    glyph("2 with a loop", 3, 0.82, "10,22 34,2 70,6 80,32 58,64 26,94 6,93 12,76 36,79 66,96 98,88"),
    glyph("2 with a swan's neck", 2, 0.76, "16,30 20,8 54,0 82,14 80,42 50,72 10,97! 36,87 66,96 98,94"),
  ],
  [
    glyph("3 with two round halves", 4, 0.68, "10,14 42,0 80,14 72,38 36,48! 76,56 94,78 56,100 4,88"),
    glyph(
      "3 with a knot in the middle",
      2,
      0.7,
      "10,16 42,0 78,12 72,36 44,51 30,47 42,42 78,54 93,78 54,100 5,87",
    ),
    glyph("3 with a flat top", 1, 0.7, "8,4 46,3 86,3! 42,42! 78,50 92,76 54,100 5,88"),
  ],
  [
    glyph("4 open at the top", 4, 0.72, "16,2 10,30 10,55! 50,57 96,50", "78,4 74,50 66,100"),
    glyph("4 closed at the top", 3, 0.74, "68,0 36,32 3,66! 50,65 98,64", "68,0 69,50 69,100"),
    glyph("4 in one stroke", 2, 0.66, "8,4 6,38 30,56 70,40 92,4! 84,50 74,100"),
  ],
  [
    glyph(
      "5 with a separate hat",
      3,
      0.7,
      "24,5 20,26 16,46! 52,38 88,58 80,88 44,100 4,90",
      "24,5 60,6 97,2",
    ),
    glyph("5 in one stroke", 3, 0.7, "94,4 60,4 24,5! 20,26 16,46! 52,38 88,58 80,88 44,100 4,90"),
    glyph("5 with a round back", 2, 0.68, "94,6 58,3 26,9 20,32 50,45 84,58 84,86 46,100 6,90"),
  ],
  [
    glyph("6 with a curved back", 3, 0.66, "78,2 40,16 12,50 10,82 42,100 82,88 88,64 60,52 26,62 12,78"),
    glyph("6 with a hooked top", 2, 0.66, "88,14 66,0 30,14 10,52 16,88 50,100 86,84 84,60 52,52 14,72"),
    glyph("6 with a straight back", 2, 0.58, "40,0 22,34 8,70 24,97 66,98 92,78 74,56 38,58 10,78"),
  ],
  [
    glyph("7 without a bar", 4, 0.7, "4,6 50,5 94,3! 62,46 38,100"),
    glyph("7 with a bar", 3, 0.7, "4,6 50,5 92,3! 62,46 36,100", "24,52 58,50 94,46"),
    glyph("7 with a serif", 1, 0.72, "4,24 6,6! 50,6 96,3! 64,46 46,100"),
    glyph("7 with a curved shoulder", 2, 0.66, "4,16 30,6 66,7 92,8 78,36 56,66 44,100"),
  ],
  [
    glyph("8 in one stroke", 4, 0.62, "84,14 50,0 16,16 30,40 70,58 88,82 50,100 10,84 30,58 70,38 86,16"),
    glyph(
      "8 as two rings",
      2,
      0.58,
      "52,47 18,30 30,6 60,0 86,20 74,42 50,48",
      "50,47 12,62 12,88 50,100 90,86 86,60 52,48",
    ),
    glyph("8 open at the top", 1, 0.64, "70,6 38,2 16,20 36,42 74,60 88,84 50,100 12,86 28,60 68,36 94,4"),
  ],
  [
    glyph("9 with a straight stem", 4, 0.6, "86,16 54,0 14,14 14,40 48,50 80,34 88,8! 84,50 76,100"),
    glyph("9 with a curved tail", 3, 0.64, "84,20 52,1 14,14 16,42 54,50 84,24 90,50 78,84 46,100 12,92"),
    glyph("9 in one sweep", 2, 0.6, "90,6 46,4 10,24 24,48 60,38 88,8 80,46 56,100"),
  ],
];
