/**
 * Writes one digit as a pen would: the strokes of a glyph, bent, slanted and placed anew for every sample, drawn with a
 * nib of varying width into a grey picture. Uses only `+ − × ÷`, `sqrt` and `floor`, which IEEE 754 and ECMAScript define to
 * the last bit, so that every machine draws the same picture; no `Math.sin`, `exp` or `pow`.
 */

import type { Generator } from "../random.ts";
import type { Glyph, Stroke } from "./glyphs.ts";

export const imageSize = 28;
export const pixelCount = imageSize * imageSize;

/**
 * How much handwriting varies; lengths are fractions of the digit's height unless they say pixels. Chosen by measurement so
 * that a linear classifier stays near 90 % and LeNet-5 passes 98 % within a few epochs over 6,000 samples: the offset is
 * what a linear classifier suffers from most and a convolution least.
 */
const hand = {
  heightPixels: { mean: 19, deviation: 1.1, least: 15, most: 22 },
  aspectDeviation: 0.1,
  slant: { mean: 0.1, deviation: 0.14 },
  /** Tangent of half the angle: 0.058 is 6.6°. */
  rotation: 0.058,
  pointJitter: 0.018,
  strokeJitter: 0.018,
  bend: 0.063,
  offsetPixels: 1.6,
  nibPixels: { least: 0.85, most: 1.7 },
  grain: 0.05,
} as const;

/** Points per span between two control points. */
const stepsPerSpan = 6;
const mostPoints = 256;

/** Approximately normal with mean 0 and deviation 1: the sum of four uniforms, exact and never beyond ±3.5. */
function wobble(random: Generator): number {
  return (random.uniform() + random.uniform() + random.uniform() + random.uniform() - 2) * 1.7320508075688772;
}

function between(random: Generator, least: number, most: number): number {
  return least + (most - least) * random.uniform();
}

function clamp(value: number, least: number, most: number): number {
  return value < least ? least : value > most ? most : value;
}

/**
 * A sheet that stretches: random shifts at 4 × 4 knots over the unit box (and a little beyond), joined by quadratic
 * B-splines, so that neighbouring parts of the digit move together.
 */
class ElasticSheet {
  private readonly shiftX = new Float64Array(16);
  private readonly shiftY = new Float64Array(16);
  x = 0;
  y = 0;

  crumple(random: Generator, amount: number): void {
    for (let knot = 0; knot < 16; knot++) {
      this.shiftX[knot] = wobble(random) * amount;
      this.shiftY[knot] = wobble(random) * amount;
    }
  }

  /** Moves `(x, y)` with the sheet, into `this.x` and `this.y`. */
  move(x: number, y: number): void {
    const u = clamp(x * 2, 0, 1.999999);
    const v = clamp(y * 2, 0, 1.999999);
    const column = Math.floor(u);
    const row = Math.floor(v);
    const s = u - column;
    const t = v - row;
    const across0 = 0.5 * (1 - s) * (1 - s);
    const across2 = 0.5 * s * s;
    const across1 = 1 - across0 - across2;
    const down0 = 0.5 * (1 - t) * (1 - t);
    const down2 = 0.5 * t * t;
    const down1 = 1 - down0 - down2;
    let dx = 0;
    let dy = 0;
    for (let k = 0; k < 3; k++) {
      const weight = k === 0 ? down0 : k === 1 ? down1 : down2;
      const knot = (row + k) * 4 + column;
      dx +=
        weight *
        (across0 * this.shiftX[knot]! + across1 * this.shiftX[knot + 1]! + across2 * this.shiftX[knot + 2]!);
      dy +=
        weight *
        (across0 * this.shiftY[knot]! + across1 * this.shiftY[knot + 1]! + across2 * this.shiftY[knot + 2]!);
    }
    this.x = x + dx;
    this.y = y + dy;
  }
}

/** Draws digits one after another on the same scratch paper. */
export class Pen {
  private readonly sheet = new ElasticSheet();
  private readonly controlX = new Float64Array(32);
  private readonly controlY = new Float64Array(32);
  /** The trace of the pen: points, and for each whether it continues from the one before. */
  private readonly traceX = new Float64Array(mostPoints);
  private readonly traceY = new Float64Array(mostPoints);
  private readonly radius = new Float64Array(mostPoints);
  private readonly joined = new Uint8Array(mostPoints);
  private points = 0;
  private readonly ink = new Float64Array(pixelCount);
  private readonly blurred = new Float64Array(pixelCount);

  /** Writes the 784 grey levels of one sample of `glyph` to `out`, from `offset` on. */
  write(glyph: Glyph, random: Generator, out: Uint8Array, offset: number): void {
    this.traceGlyph(glyph, random);
    this.place(glyph, random);
    this.press(random);
    this.drawTrace();
    this.develop(random, out, offset);
  }

  private traceGlyph(glyph: Glyph, random: Generator): void {
    this.points = 0;
    this.sheet.crumple(random, hand.bend);
    for (const stroke of glyph.strokes) this.traceStroke(stroke, random);
  }

  private traceStroke(stroke: Stroke, random: Generator): void {
    const { controlX, controlY } = this;
    const count = stroke.x.length;
    const shiftX = wobble(random) * hand.strokeJitter;
    const shiftY = wobble(random) * hand.strokeJitter;
    for (let i = 0; i < count; i++) {
      controlX[i] = stroke.x[i]! + shiftX + wobble(random) * hand.pointJitter;
      controlY[i] = stroke.y[i]! + shiftY + wobble(random) * hand.pointJitter;
    }
    this.addPoint(controlX[0]!, controlY[0]!, 0);
    for (let i = 0; i + 1 < count; i++) {
      const before = i === 0 || stroke.corner[i] ? i : i - 1;
      const after = i + 2 === count || stroke.corner[i + 1] ? i + 1 : i + 2;
      for (let step = 1; step <= stepsPerSpan; step++) {
        const t = step / stepsPerSpan;
        this.addPoint(
          catmullRom(controlX[before]!, controlX[i]!, controlX[i + 1]!, controlX[after]!, t),
          catmullRom(controlY[before]!, controlY[i]!, controlY[i + 1]!, controlY[after]!, t),
          1,
        );
      }
    }
  }

  private addPoint(x: number, y: number, joined: 0 | 1): void {
    this.sheet.move(x, y);
    this.traceX[this.points] = this.sheet.x;
    this.traceY[this.points] = this.sheet.y;
    this.joined[this.points] = joined;
    this.points++;
  }

  /** From the unit box to pixels: width, slant, rotation, size and place. */
  private place(glyph: Glyph, random: Generator): void {
    const { traceX, traceY, points } = this;
    const { heightPixels, slant } = hand;
    const tall = clamp(
      heightPixels.mean + heightPixels.deviation * wobble(random),
      heightPixels.least,
      heightPixels.most,
    );
    const wide = tall * glyph.aspect * clamp(1 + hand.aspectDeviation * wobble(random), 0.68, 1.4);
    const shear = slant.mean + slant.deviation * wobble(random);
    const halfTangent = hand.rotation * wobble(random);
    const scale = 1 / (1 + halfTangent * halfTangent);
    const cosine = (1 - halfTangent * halfTangent) * scale;
    const sine = 2 * halfTangent * scale;
    let left = Infinity;
    let right = -Infinity;
    let top = Infinity;
    let bottom = -Infinity;
    for (let i = 0; i < points; i++) {
      const y = (traceY[i]! - 0.5) * tall;
      const x = (traceX[i]! - 0.5) * wide - shear * y;
      const turnedX = cosine * x - sine * y;
      const turnedY = sine * x + cosine * y;
      traceX[i] = turnedX;
      traceY[i] = turnedY;
      if (turnedX < left) left = turnedX;
      if (turnedX > right) right = turnedX;
      if (turnedY < top) top = turnedY;
      if (turnedY > bottom) bottom = turnedY;
    }
    const extent = right - left > bottom - top ? right - left : bottom - top;
    const shrink = extent > 22 ? 22 / extent : 1;
    const middle = (imageSize - 1) / 2;
    const roomX = (24 - (right - left) * shrink) / 2;
    const roomY = (24 - (bottom - top) * shrink) / 2;
    const shiftX =
      middle + clamp(wobble(random) * hand.offsetPixels, -roomX, roomX) - ((left + right) / 2) * shrink;
    const shiftY =
      middle + clamp(wobble(random) * hand.offsetPixels, -roomY, roomY) - ((top + bottom) / 2) * shrink;
    for (let i = 0; i < points; i++) {
      traceX[i] = traceX[i]! * shrink + shiftX;
      traceY[i] = traceY[i]! * shrink + shiftY;
    }
  }

  /** How wide the nib draws along the trace: a wandering pressure, a nib held at an angle, thinner ends. */
  private press(random: Generator): void {
    const { traceX, traceY, radius, joined, points } = this;
    const nib = between(random, hand.nibPixels.least, hand.nibPixels.most);
    const flatness = between(random, 0, 0.28);
    const taper = between(random, 0, 0.45);
    const wander = between(random, 0.03, 0.2);
    let pressure = wobble(random) * wander;
    let target = wobble(random) * wander;
    for (let i = 0; i < points; i++) {
      if (i % 8 === 0) target = wobble(random) * wander;
      pressure += (target - pressure) * 0.25;
      let along = 0;
      if (joined[i] === 1) {
        const dx = traceX[i]! - traceX[i - 1]!;
        const dy = traceY[i]! - traceY[i - 1]!;
        // A nib held at 45° draws falling lines thick and rising lines thin: sin 2φ = 2·dx·dy / (dx² + dy²).
        along = (2 * dx * dy) / (dx * dx + dy * dy + 1e-9);
      }
      radius[i] = nib * clamp(1 + pressure + flatness * along, 0.5, 1.5);
    }
    const tapered = 5;
    for (let i = 0; i < points; i++) {
      let toEnd = tapered;
      for (let k = 0; k < tapered; k++) {
        if (joined[i - k] !== 1 || i + k + 1 >= points || joined[i + k + 1] !== 1) {
          toEnd = k;
          break;
        }
      }
      radius[i] = radius[i]! * (1 - taper * (1 - toEnd / tapered));
    }
  }

  private drawTrace(): void {
    this.ink.fill(0);
    for (let i = 1; i < this.points; i++) if (this.joined[i] === 1) this.drawSegment(i - 1, i);
  }

  /** A pixel is as dark as the part of it that the nib covers, taken from its distance to the segment. */
  private drawSegment(from: number, to: number): void {
    const { ink, traceX, traceY, radius } = this;
    const x0 = traceX[from]!;
    const y0 = traceY[from]!;
    const r0 = radius[from]!;
    const dx = traceX[to]! - x0;
    const dy = traceY[to]! - y0;
    const dr = radius[to]! - r0;
    const inverse = 1 / (dx * dx + dy * dy + 1e-9);
    const reach = (dr > 0 ? r0 + dr : r0) + 0.5;
    const left = Math.floor(clamp((dx < 0 ? x0 + dx : x0) - reach + 1, 0, imageSize - 1));
    const right = Math.floor(clamp((dx < 0 ? x0 : x0 + dx) + reach, 0, imageSize - 1));
    const top = Math.floor(clamp((dy < 0 ? y0 + dy : y0) - reach + 1, 0, imageSize - 1));
    const bottom = Math.floor(clamp((dy < 0 ? y0 : y0 + dy) + reach, 0, imageSize - 1));
    for (let y = top; y <= bottom; y++) {
      const py = y - y0;
      for (let x = left; x <= right; x++) {
        const px = x - x0;
        const t = clamp((px * dx + py * dy) * inverse, 0, 1);
        const ex = px - t * dx;
        const ey = py - t * dy;
        const cover = r0 + t * dr + 0.5 - Math.sqrt(ex * ex + ey * ey);
        const pixel = y * imageSize + x;
        if (cover > ink[pixel]!) ink[pixel] = cover < 1 ? cover : 1;
      }
    }
  }

  /** Blur, brightness, grain and the rounding to 256 grey levels, as a scanner gives them. */
  private develop(random: Generator, out: Uint8Array, offset: number): void {
    const blur = between(random, 0.02, 0.2);
    const brightness = between(random, 0.78, 1.04);
    const grain = hand.grain * random.uniform() * random.uniform();
    this.blurRows(this.ink, this.blurred, blur);
    this.blurColumns(this.blurred, this.ink, blur);
    for (let pixel = 0; pixel < pixelCount; pixel++) {
      const noise = (random.uniform() + random.uniform() - 1) * 2.45 * grain;
      const level = Math.floor((this.ink[pixel]! * brightness + noise) * 255 + 0.5);
      out[offset + pixel] = level < 0 ? 0 : level > 255 ? 255 : level;
    }
  }

  private blurRows(from: Float64Array, to: Float64Array, side: number): void {
    const centre = 1 - 2 * side;
    for (let row = 0; row < pixelCount; row += imageSize) {
      for (let x = 0; x < imageSize; x++) {
        const i = row + x;
        const before = x > 0 ? from[i - 1]! : 0;
        const after = x + 1 < imageSize ? from[i + 1]! : 0;
        to[i] = centre * from[i]! + side * (before + after);
      }
    }
  }

  private blurColumns(from: Float64Array, to: Float64Array, side: number): void {
    const centre = 1 - 2 * side;
    for (let i = 0; i < pixelCount; i++) {
      const above = i >= imageSize ? from[i - imageSize]! : 0;
      const below = i + imageSize < pixelCount ? from[i + imageSize]! : 0;
      to[i] = centre * from[i]! + side * (above + below);
    }
  }
}

/** The curve from p1 (t = 0) to p2 (t = 1) whose tangents follow the neighbours p0 and p3 (Catmull & Rom 1974). */
function catmullRom(p0: number, p1: number, p2: number, p3: number, t: number): number {
  return p1 + 0.5 * t * (p2 - p0 + t * (2 * p0 - 5 * p1 + 4 * p2 - p3 + t * (3 * (p1 - p2) + p3 - p0)));
}
