/** The regions of the classes in the plane as one small image: colour by class, darker where the model is surer. */
import type { DecisionSurface } from "../../../engine/inspection/decisionSurface.ts";
import { nonFinite, parseHex, type Rgb } from "../colours.ts";
import { encodePng } from "../drawing/png.ts";
import { ink } from "../theme.ts";
import { classColour, mixed } from "./scatter.ts";

/** Who wins at each place of a grid, row by row from the lowest y, and by how much. */
export interface Regions {
  readonly resolution: number;
  /** The class of each place; −1 where a score is NaN. */
  readonly classes: Int16Array;
  /** How sure of it the model is: 0 for no more than chance, 1 for certain. */
  readonly leads: Float32Array;
  /** The share of each class at each place, class by class. */
  readonly shares: readonly Float32Array[];
}

/** Reads scores as shares of the classes: probabilities as they are, logits by softmax or sigmoid, classes as certain. */
export function regionsOf({ scores, x }: DecisionSurface, threshold?: number): Regions {
  const values = scores.toTypedArray();
  const width = scores.shape[2]!;
  const places = values.length / width;
  const shares = width === 1 ? sharesOfOne(values, threshold) : sharesOfMany(values, places, width);
  const classes = new Int16Array(places);
  const leads = new Float32Array(places);
  const chance = 1 / shares.length;
  for (let place = 0; place < places; place++) {
    let winner = 0;
    for (let k = 1; k < shares.length; k++) if (shares[k]![place]! > shares[winner]![place]!) winner = k;
    const share = shares[winner]![place]!;
    classes[place] = Number.isNaN(share) ? -1 : winner;
    leads[place] = chance < 1 ? (share - chance) / (1 - chance) : 1;
  }
  return { resolution: x.length, classes, leads, shares };
}

function sharesOfMany(values: ArrayLike<number>, places: number, width: number): Float32Array[] {
  const shares = Array.from({ length: width }, () => new Float32Array(places));
  const plain = areProbabilities(values, width);
  for (let place = 0; place < places; place++) {
    const start = place * width;
    let [top, sum] = [Number.NEGATIVE_INFINITY, 0];
    for (let k = 0; k < width; k++) top = Math.max(top, values[start + k]!);
    for (let k = 0; k < width; k++) {
      const share = plain ? values[start + k]! : Math.exp(values[start + k]! - top);
      shares[k]![place] = share;
      sum += share;
    }
    for (let k = 0; k < width; k++) shares[k]![place]! /= sum;
  }
  return shares;
}

/** Whether each row is of numbers from 0 on that add up to 1. */
function areProbabilities(values: ArrayLike<number>, width: number): boolean {
  for (let start = 0; start < values.length; start += width) {
    let sum = 0;
    for (let k = 0; k < width; k++) {
      if (!(values[start + k]! >= 0)) return false;
      sum += values[start + k]!;
    }
    if (Math.abs(sum - 1) > 1e-3) return false;
  }
  return true;
}

/** A score above the threshold is class 1; whole numbers are the classes themselves. */
function sharesOfOne(values: ArrayLike<number>, threshold: number | undefined): Float32Array[] {
  const list = Float32Array.from(values);
  if (list.every(Number.isInteger)) {
    const count = list.reduce((most, label) => Math.max(most, label), 1) + 1;
    return Array.from({ length: count }, (_, k) => list.map((label) => (Math.max(label, 0) === k ? 1 : 0)));
  }
  const probabilities = list.every((score) => score >= 0 && score <= 1);
  const limit = threshold ?? (probabilities ? 0.5 : 0);
  const asLogits = !probabilities || limit <= 0 || limit >= 1;
  // Whatever the threshold, a share of one half lies on the boundary.
  const ones = list.map((score) =>
    asLogits
      ? 1 / (1 + Math.exp(limit - score))
      : score < limit
        ? score / (2 * limit)
        : 1 - (1 - score) / (2 * (1 - limit)),
  );
  return [ones.map((share) => 1 - share), ones];
}

/** About as many pixels along a side as the picture has on the screen. */
const SIDE = 360;
/** Steps of the shading: few colours keep the image small, so the more classes the fewer steps. */
const shadesFor = (classes: number): number => Math.max(3, Math.min(8, Math.floor(20 / classes)));

/** The regions as a PNG in a `data:` address, shares interpolated between the places, with a line between classes. */
export function regionsImage(regions: Regions): string {
  const { resolution, shares } = regions;
  const finer = Math.max(1, Math.round(SIDE / resolution));
  const side = (resolution - 1) * finer + 1;
  const { classes, leads } = enlarged(regions, finer, side);
  const shades = shadesFor(shares.length);
  const table = shares.map((_, label) => shadesOf(label, shades));
  const [line, nan] = [pixelOf(parseHex(ink.text)), pixelOf(nonFinite.nan)];
  const pixels = new Uint32Array(side * side);
  for (let row = 0, at = 0; row < side; row++) {
    // Images begin at the top, where y is largest.
    let pixel = (side - 1 - row) * side;
    for (let column = 0; column < side; column++, at++, pixel++) {
      const label = classes[at]!;
      const edge =
        (column + 1 < side && classes[at + 1] !== label) || (row + 1 < side && classes[at + side] !== label);
      const shade = Math.min(shades - 1, Math.floor(leads[at]! * shades));
      pixels[pixel] = edge ? line : label < 0 ? nan : table[label]![shade]!;
    }
  }
  const png = encodePng(new Uint8Array(pixels.buffer), side, side, { exact: true });
  return `data:image/png;base64,${png.toString("base64")}`;
}

/** Red, green, blue and an opaque alpha as they lie in memory. */
const pixelOf = ([red, green, blue]: Rgb): number =>
  new Uint32Array(Uint8Array.of(red, green, blue, 255).buffer)[0]!;

/** A class's colours from unsure to certain. */
function shadesOf(label: number, shades: number): number[] {
  return Array.from({ length: shades }, (_, step) =>
    pixelOf(mixed([255, 255, 255], classColour(label), 0.12 + (0.43 * step) / (shades - 1))),
  );
}

/** The classes and leads at `finer` times as many places in each direction. */
function enlarged({ resolution, classes, leads, shares }: Regions, finer: number, side: number) {
  const fineClasses = new Int16Array(side * side);
  const fineLeads = new Float32Array(side * side);
  const chance = 1 / shares.length;
  for (let row = 0, at = 0; row < side; row++) {
    const bottom = Math.min(Math.floor(row / finer), resolution - 2);
    const up = row / finer - bottom;
    for (let column = 0; column < side; column++, at++) {
      const left = Math.min(Math.floor(column / finer), resolution - 2);
      const right = column / finer - left;
      const corner = bottom * resolution + left;
      const label = classes[corner]!;
      const alone =
        classes[corner + 1] === label &&
        classes[corner + resolution] === label &&
        classes[corner + resolution + 1] === label;
      if (alone) {
        fineClasses[at] = label;
        fineLeads[at] = between(leads, corner, resolution, right, up);
        continue;
      }
      let [winner, most] = [-1, Number.NEGATIVE_INFINITY];
      for (let k = 0; k < shares.length; k++) {
        const share = between(shares[k]!, corner, resolution, right, up);
        if (share > most) [winner, most] = [k, share];
      }
      fineClasses[at] = winner;
      fineLeads[at] = (most - chance) / (1 - chance);
    }
  }
  return { classes: fineClasses, leads: fineLeads };
}

/** The value between four neighbours of a grid. */
function between(plane: Float32Array, corner: number, resolution: number, right: number, up: number): number {
  const below = plane[corner]! * (1 - right) + plane[corner + 1]! * right;
  const above = plane[corner + resolution]! * (1 - right) + plane[corner + resolution + 1]! * right;
  return below * (1 - up) + above * up;
}
