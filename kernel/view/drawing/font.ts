/**
 * Text as outlines of the bundled DejaVu Sans: exact widths for layout, and glyphs as SVG paths. Handing `<text>` to resvg
 * instead makes it read the font file again for every text element (0.35 ms each, 20 ms for a chart).
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { wordsOf } from "../wording.ts";

export type FontWeight = "normal" | "bold";

const files = { normal: "DejaVuSans.ttf", bold: "DejaVuSans-Bold.ttf" } as const;
const fonts = new Map<FontWeight, Font>();

function font(weight: FontWeight): Font {
  let known = fonts.get(weight);
  if (!known) {
    const path = createRequire(import.meta.url).resolve(`dejavu-fonts-ttf/ttf/${files[weight]}`);
    known = new Font(readFileSync(path));
    fonts.set(weight, known);
  }
  return known;
}

/** Width of a line of text in CSS pixels. */
export function textWidth(text: string, size: number, weight: FontWeight = "normal"): number {
  return font(weight).width(text) * size;
}

/** SVG path data of a line of text whose baseline starts at (x, y). */
export function textPath(
  text: string,
  x: number,
  y: number,
  size: number,
  weight: FontWeight = "normal",
): string {
  return font(weight).path(text, x, y, size);
}

/** The text, or as much of it as fits in `width` with an ellipsis. */
export function fitText(text: string, width: number, size: number, weight: FontWeight = "normal"): string {
  if (textWidth(text, size, weight) <= width) return text;
  const letters = [...text];
  while (letters.length > 1 && textWidth(`${letters.join("")}…`, size, weight) > width) letters.pop();
  return `${letters.join("").trimEnd()}…`;
}

/** The text in lines of at most `width` CSS pixels, none for no text; a longer word is cut. */
export function foldText(text: string, width: number, size: number): string[] {
  const lines: string[] = [];
  for (const word of wordsOf(text)) {
    const last = lines.length - 1;
    const longer = `${lines[last] ?? ""} ${word}`;
    if (last >= 0 && textWidth(longer, size) <= width + 0.5) lines[last] = longer;
    else lines.push(fitText(word, width, size));
  }
  return lines;
}

interface Point {
  x: number;
  y: number;
  onCurve: boolean;
}

/** The tables of a TrueType font that text needs: cmap, hmtx, loca, glyf (Apple TrueType Reference Manual, chapter 6). */
class Font {
  private readonly data: Buffer;
  private readonly tables = new Map<string, number>();
  private readonly unitsPerEm: number;
  private readonly longOffsets: boolean;
  private readonly metricCount: number;
  private readonly glyphs = new Map<number, number>();
  private readonly outlines = new Map<number, Point[][]>();
  /** Of glyphs at a size: pictures write the same few hundred over and over. */
  private readonly contours = new Map<number, Map<number, Contour[]>>();

  constructor(data: Buffer) {
    this.data = data;
    for (let i = 0; i < data.readUInt16BE(4); i++) {
      const entry = 12 + i * 16;
      this.tables.set(data.toString("latin1", entry, entry + 4), data.readUInt32BE(entry + 8));
    }
    this.unitsPerEm = data.readUInt16BE(this.table("head") + 18);
    this.longOffsets = data.readInt16BE(this.table("head") + 50) === 1;
    this.metricCount = data.readUInt16BE(this.table("hhea") + 34);
    this.readCharacterMap();
  }

  width(text: string): number {
    let units = 0;
    for (const letter of text) units += this.advance(this.glyph(letter));
    return units / this.unitsPerEm;
  }

  path(text: string, x: number, y: number, size: number): string {
    const scale = size / this.unitsPerEm;
    let path = "";
    let cursor = x;
    for (const letter of text) {
      const glyph = this.glyph(letter);
      for (const { right, down, rest } of this.contoursOf(glyph, size))
        path += `M${hundredths(cursor + right)} ${hundredths(y + down)}${rest}`;
      cursor += this.advance(glyph) * scale;
    }
    return path;
  }

  private contoursOf(glyph: number, size: number): Contour[] {
    const ofSize = this.contours.get(size) ?? new Map<number, Contour[]>();
    this.contours.set(size, ofSize);
    let known = ofSize.get(glyph);
    if (!known) {
      const scale = size / this.unitsPerEm;
      known = this.outline(glyph).flatMap((contour) => contourOf(contour, scale) ?? []);
      ofSize.set(glyph, known);
    }
    return known;
  }

  private table(name: string): number {
    return this.tables.get(name)!;
  }

  /** Glyph of a character; 0, the empty box, where the font has none. */
  private glyph(letter: string): number {
    return this.glyphs.get(letter.codePointAt(0)!) ?? 0;
  }

  private advance(glyph: number): number {
    return this.data.readUInt16BE(this.table("hmtx") + 4 * Math.min(glyph, this.metricCount - 1));
  }

  /** The segmented map (format 4) of the basic plane. */
  private readCharacterMap(): void {
    const { data } = this;
    const cmap = this.table("cmap");
    let map = 0;
    for (let i = 0; i < data.readUInt16BE(cmap + 2); i++) {
      const candidate = cmap + data.readUInt32BE(cmap + 8 + i * 8);
      if (data.readUInt16BE(candidate) === 4) map = candidate;
    }
    const segments = data.readUInt16BE(map + 6);
    const [ends, starts] = [map + 14, map + 16 + segments];
    const [deltas, offsets] = [starts + segments, starts + 2 * segments];
    for (let at = 0; at < segments; at += 2) {
      const end = data.readUInt16BE(ends + at);
      const delta = data.readUInt16BE(deltas + at);
      const offset = data.readUInt16BE(offsets + at);
      for (let code = data.readUInt16BE(starts + at); code <= end && code < 0xffff; code++) {
        const start = data.readUInt16BE(starts + at);
        const raw = offset === 0 ? code : data.readUInt16BE(offsets + at + offset + 2 * (code - start));
        if (raw !== 0) this.glyphs.set(code, (raw + delta) & 0xffff);
      }
    }
  }

  private outline(glyph: number): Point[][] {
    let known = this.outlines.get(glyph);
    if (!known) {
      known = this.readOutline(glyph);
      this.outlines.set(glyph, known);
    }
    return known;
  }

  private readOutline(glyph: number): Point[][] {
    const { data } = this;
    const loca = this.table("loca");
    const offset = (index: number) =>
      this.longOffsets ? data.readUInt32BE(loca + 4 * index) : 2 * data.readUInt16BE(loca + 2 * index);
    if (offset(glyph) === offset(glyph + 1)) return [];
    const at = this.table("glyf") + offset(glyph);
    const contours = data.readInt16BE(at);
    return contours >= 0 ? this.readSimple(at + 10, contours) : this.readComposite(at + 10);
  }

  private readSimple(start: number, contourCount: number): Point[][] {
    const { data } = this;
    const ends = Array.from({ length: contourCount }, (_, i) => data.readUInt16BE(start + 2 * i));
    const count = (ends.at(-1) ?? -1) + 1;
    let at = start + 2 * contourCount;
    at += 2 + data.readUInt16BE(at);
    const flags: number[] = [];
    while (flags.length < count) {
      const flag = data[at++]!;
      flags.push(flag);
      if (flag & 8) for (let repeat = data[at++]!; repeat > 0; repeat--) flags.push(flag);
    }
    const coordinates = (shortBit: number, sameBit: number): number[] => {
      let value = 0;
      return flags.map((flag) => {
        if (flag & shortBit) value += flag & sameBit ? data[at++]! : -data[at++]!;
        else if (!(flag & sameBit)) {
          value += data.readInt16BE(at);
          at += 2;
        }
        return value;
      });
    };
    const xs = coordinates(2, 16);
    const ys = coordinates(4, 32);
    const points = flags.map((flag, i) => ({ x: xs[i]!, y: ys[i]!, onCurve: (flag & 1) === 1 }));
    return ends.map((end, i) => points.slice(i === 0 ? 0 : ends[i - 1]! + 1, end + 1));
  }

  /** A glyph made of others (é, ½), each moved; DejaVu scales or turns none. */
  private readComposite(start: number): Point[][] {
    const { data } = this;
    const contours: Point[][] = [];
    let at = start;
    for (let more = true; more; ) {
      const flags = data.readUInt16BE(at);
      const part = data.readUInt16BE(at + 2);
      const words = (flags & 1) !== 0;
      const dx = words ? data.readInt16BE(at + 4) : data.readInt8(at + 4);
      const dy = words ? data.readInt16BE(at + 6) : data.readInt8(at + 5);
      at += words ? 8 : 6;
      for (const contour of this.outline(part)) {
        contours.push(contour.map((point) => ({ ...point, x: point.x + dx, y: point.y + dy })));
      }
      more = (flags & 32) !== 0;
    }
    return contours;
  }
}

/** A closed line: where it starts, in CSS pixels from the glyph's origin, and the path from there on, in steps. */
interface Contour {
  right: number;
  down: number;
  rest: string;
}

const hundredths = (value: number): number => Math.round(value * 100) / 100;

/** Quadratic curves; between two control points lies an implied point of the curve. */
function contourOf(contour: readonly Point[], scale: number): Contour | null {
  if (contour.length < 2) return null;
  const middle = (a: Point, b: Point): Point => ({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, onCurve: true });
  const first = contour[0]!;
  const last = contour.at(-1)!;
  const start = first.onCurve ? first : last.onCurve ? last : middle(first, last);
  // Whole hundredths from the start, so that the rounding of steps does not add up.
  const from = ({ x, y }: Point) =>
    [Math.round((x - start.x) * scale * 100), Math.round((start.y - y) * scale * 100)] as const;
  let [x, y] = [0, 0];
  const step = (point: Point) => {
    const [right, down] = from(point);
    return `${(right - x) / 100} ${(down - y) / 100}`;
  };
  const move = (point: Point) => {
    [x, y] = from(point);
  };
  let rest = "";
  for (let i = first.onCurve ? 1 : 0; i < contour.length; i++) {
    const point = contour[i]!;
    if (point.onCurve) {
      rest += `l${step(point)}`;
      move(point);
    } else {
      const following = contour[i + 1] ?? start;
      const end = following.onCurve ? following : middle(point, following);
      rest += `q${step(point)} ${step(end)}`;
      move(end);
      if (following.onCurve) i++;
    }
  }
  return { right: start.x * scale, down: -start.y * scale, rest: `${rest}z` };
}
