/** The regions of the classes in the plane as one small image: colour by class, darker where the model is surer. */
import type { DecisionSurface } from "../../../engine/inspection/decisionSurface.ts";
import { nonFinite, parseHex, type Rgb } from "../colours.ts";
import { encodePng } from "../drawing/png.ts";
import { ink } from "../theme.ts";
import { softmax } from "../values.ts";
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
  const rows = Array.from({ length: places }, (_, place) =>
    Array.from({ length: width }, (_score, k) => values[place * width + k]!),
  );
  const probabilities = rows.every(
    (row) => row.every((share) => share >= 0) && Math.abs(row.reduce((a, b) => a + b, 0) - 1) < 1e-3,
  );
  rows.forEach((row, place) => {
    (probabilities ? row : softmax(row)).forEach((share, k) => {
      shares[k]![place] = share;
    });
  });
  return shares;
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
  const { resolution } = regions;
  const finer = Math.max(1, Math.round(SIDE / resolution));
  const side = (resolution - 1) * finer + 1;
  const found = enlarged(regions, finer, side);
  const rgba = new Uint8Array(4 * side * side);
  const line = parseHex(ink.text);
  const shades = shadesFor(regions.shares.length);
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      const at = row * side + column;
      const label = found.classes[at]!;
      const edge =
        (column + 1 < side && found.classes[at + 1] !== label) ||
        (row + 1 < side && found.classes[at + side] !== label);
      // Images begin at the top, where y is largest.
      const pixel = 4 * ((side - 1 - row) * side + column);
      rgba.set(edge ? line : shade(label, found.leads[at]!, shades), pixel);
      rgba[pixel + 3] = 255;
    }
  }
  return `data:image/png;base64,${encodePng(rgba, side, side, { exact: true }).toString("base64")}`;
}

function shade(label: number, lead: number, shades: number): Rgb {
  if (label < 0) return nonFinite.nan;
  const step = Math.min(shades - 1, Math.floor(lead * shades));
  return mixed([255, 255, 255], classColour(label), 0.12 + (0.43 * step) / (shades - 1));
}

function enlarged({ resolution, classes, leads, shares }: Regions, finer: number, side: number) {
  const fineClasses = new Int16Array(side * side);
  const fineLeads = new Float32Array(side * side);
  const chance = 1 / shares.length;
  for (let row = 0; row < side; row++) {
    const bottom = Math.min(Math.floor(row / finer), resolution - 2);
    const up = row / finer - bottom;
    for (let column = 0; column < side; column++) {
      const left = Math.min(Math.floor(column / finer), resolution - 2);
      const right = column / finer - left;
      const corner = bottom * resolution + left;
      const between = (plane: ArrayLike<number>): number =>
        (plane[corner]! * (1 - right) + plane[corner + 1]! * right) * (1 - up) +
        (plane[corner + resolution]! * (1 - right) + plane[corner + resolution + 1]! * right) * up;
      let label = classes[corner]!;
      let lead: number;
      const alone =
        classes[corner + 1] === label &&
        classes[corner + resolution] === label &&
        classes[corner + resolution + 1] === label;
      if (alone) lead = between(leads);
      else {
        const mixture = shares.map(between);
        const most = Math.max(...mixture);
        label = Number.isNaN(most) ? -1 : mixture.indexOf(most);
        lead = (most - chance) / (1 - chance);
      }
      fineClasses[row * side + column] = label;
      fineLeads[row * side + column] = lead;
    }
  }
  return { classes: fineClasses, leads: fineLeads };
}
