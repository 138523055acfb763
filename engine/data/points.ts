/**
 * Small sets of points in the plane, `[N, 2]`, for lessons on what a network can separate. Drawn by seed with exactly
 * rounded arithmetic only, so that they are the same on every machine; point i belongs to class i mod the number of classes.
 */

import { tensor } from "../creation.ts";
import { checkOptions } from "../options.ts";
import { Generator } from "../random.ts";
import { checkCount, checkNoise, checkSeed } from "./checks.ts";
import { onCircle } from "./circle.ts";
import { Dataset } from "./dataset.ts";

/** Options of `circles`, `moons` and `xor`. */
export interface PointsOptions {
  /** How many points, 200 unless told. */
  readonly samples?: number;
  /** Standard deviation of what is added to each coordinate. */
  readonly noise?: number;
  /** Another seed, other points: 0 unless told. */
  readonly seed?: number;
}

/** Options of `blobs` and `spirals`. */
export interface ClassesOptions extends PointsOptions {
  /** How many classes. */
  readonly classes?: number;
}

/** A place without noise for a point of this class. */
type Place = (label: number, random: Generator, classes: number) => readonly [x: number, y: number];

/** What a kind of set is without options; `fixed` where the number of classes cannot be chosen. */
interface Usual {
  readonly noise: number;
  readonly classes: number;
  readonly fixed?: true;
}

/**
 * Two half circles, each reaching into the other: no straight line separates them. Noise 0.1 unless told.
 *
 * @example
 * const { points, labels } = data.moons({ noise: 0.2 });
 */
export function moons(options: PointsOptions = {}): Dataset {
  return scatter("moons", options, { noise: 0.1, classes: 2, fixed: true }, (label, random) => {
    const [x, y] = onCircle(random.uniform() / 2);
    return label === 0 ? [x - 0.5, y - 0.25] : [0.5 - x, 0.25 - y];
  });
}

/** Two rings, one inside the other, radii 0.4 and 1: no straight line separates them. Noise 0.08 unless told. */
export function circles(options: PointsOptions = {}): Dataset {
  return scatter("circles", options, { noise: 0.08, classes: 2, fixed: true }, (label, random) => {
    const [x, y] = onCircle(random.uniform());
    return label === 0 ? [x, y] : [0.4 * x, 0.4 * y];
  });
}

/** Arms that wind around the origin one and a half times, 2 unless `classes` says how many. Noise 0.02 unless told. */
export function spirals(options: ClassesOptions = {}): Dataset {
  return scatter("spirals", options, { noise: 0.02, classes: 2 }, (label, random, classes) => {
    const radius = Math.sqrt(random.uniform(0.01, 1));
    const [x, y] = onCircle(1.5 * radius + label / classes);
    return [radius * x, radius * y];
  });
}

/**
 * Four clouds around (±1, ±1); opposite ones are of one class, as in exclusive or. Noise 0.25 unless told.
 *
 * @example
 * const { points, labels } = data.xor();
 */
export function xor(options: PointsOptions = {}): Dataset {
  return scatter("XOR", options, { noise: 0.25, classes: 2, fixed: true }, (label, random) => {
    const x = random.uniform() < 0.5 ? -1 : 1;
    return [x, label === 0 ? x : -x];
  });
}

/** A round cloud per class, 3 unless `classes` says how many, on a circle of radius 1. Noise 0.3 unless told. */
export function blobs(options: ClassesOptions = {}): Dataset {
  return scatter("blobs", options, { noise: 0.3, classes: 3 }, (label, _, classes) =>
    onCircle(label / classes),
  );
}

function scatter(name: string, options: ClassesOptions, usual: Usual, place: Place): Dataset {
  const operation = `data.${name.toLowerCase()}`;
  const points: PointsOptions = options;
  if (usual.fixed) checkOptions(operation, points, ["samples", "noise", "seed"]);
  else checkOptions(operation, options, ["samples", "noise", "seed", "classes"]);
  const { samples = 200, noise = usual.noise, seed = 0, classes = usual.classes } = options;
  checkCount(operation, "samples", samples);
  checkCount(operation, "classes", classes);
  checkSeed(operation, seed);
  checkNoise(operation, noise);
  const random = new Generator(seed);
  const places = new Float32Array(2 * samples);
  const labels = new Int32Array(samples);
  for (let i = 0; i < samples; i++) {
    labels[i] = i % classes;
    const [x, y] = place(i % classes, random, classes);
    places[2 * i] = x + noise * random.normal();
    places[2 * i + 1] = y + noise * random.normal();
  }
  return new Dataset({
    name,
    images: tensor(places, { shape: [samples, 2] }).keep(),
    labels: tensor(labels).keep(),
    classes: Array.from({ length: classes }, (_, label) => String(label)),
  });
}
