// The plane with the least absolute error `Σ |f(xᵢ) − yᵢ|`: reweighted least squares come near, the simplex method arrives.

import { checkInterrupt } from "../interrupt.ts";
import { affine, entry, type Rows } from "./rows.ts";
import { leastSquares, type Solution } from "./solve.ts";

/** Its weights and its bias; or the first feature that follows from those before it, where many planes are equally good. */
export function leastAbsolutePlane(rows: Rows, targets: Float64Array): Solution {
  const shares = new Float64Array(rows.count).fill(1);
  let plane = solveWeighted(rows, targets, shares);
  if ("dependent" in plane) return plane;
  const scale = absoluteError(rows, targets, plane) / rows.count;
  for (let sharpness = 0.1; sharpness > 1e-6 && scale > 0; sharpness *= 0.7) {
    checkInterrupt();
    // |r| is r² weighted by 1/|r|; near 0 the weight stays finite, and is let go higher step by step.
    const outputs = affine(rows, plane.subarray(0, rows.width), plane[rows.width]!);
    outputs.forEach((output, i) => {
      shares[i] = 1 / Math.max(Math.abs(output - targets[i]!), sharpness * scale);
    });
    const next = solveWeighted(rows, targets, shares);
    if ("dependent" in next) break;
    plane = next;
  }
  return scale > 0 ? followEdges(rows, targets, plane) : plane;
}

/** The weights and the bias that minimise `Σ shareᵢ (f(xᵢ) − yᵢ)²`. */
function solveWeighted(rows: Rows, targets: Float64Array, shares: Float64Array): Solution {
  const n = rows.width + 1;
  const matrix = new Float64Array(rows.count * n);
  for (let i = 0; i < rows.count; i++)
    for (let j = 0; j < n; j++) matrix[i * n + j] = Math.sqrt(shares[i]!) * entry(rows, i, j);
  const wanted = targets.map((target, i) => Math.sqrt(shares[i]!) * target);
  return leastSquares(matrix, wanted, rows.count, n);
}

/**
 * The exact least absolute error from a plane close to it (the simplex method; Barrodale & Roberts 1973). At the minimum a
 * plane goes through as many samples as decide it; so put it through the nearest such samples, then let go of one at a time
 * and turn until another one is met, as long as that helps.
 */
function followEdges(rows: Rows, targets: Float64Array, start: Float64Array): Float64Array {
  const n = rows.width + 1;
  let held = decidingSamples(rows, targets, start);
  const first = planeThrough(rows, held, (i) => targets[i]!);
  if ("dependent" in first) return start;
  let plane = first;
  let least = absoluteError(rows, targets, plane);
  let released = 0;
  for (let failures = 0; failures < n; released = (released + 1) % n) {
    checkInterrupt();
    const free = held[released]!;
    const turn = planeThrough(rows, held, (i) => (i === free ? 1 : 0));
    if ("dependent" in turn) return plane;
    const errors = affine(rows, plane.subarray(0, n - 1), plane[n - 1]!).map((f, i) => targets[i]! - f);
    const speeds = affine(rows, turn.subarray(0, n - 1), turn[n - 1]!);
    const met = weightedMedian(errors, speeds);
    const next = held.map((i) => (i === free ? met : i));
    const candidate = planeThrough(rows, next, (i) => targets[i]!);
    const error = "dependent" in candidate ? least : absoluteError(rows, targets, candidate);
    if (!("dependent" in candidate) && error < least * (1 - 1e-12)) {
      [held, plane, least] = [next, candidate, error];
      failures = 0;
    } else failures++;
  }
  return plane;
}

/** Which sample's zero of `error − t · speed` minimises the sum of their sizes over t. */
function weightedMedian(errors: Float64Array, speeds: Float64Array): number {
  const fastest = speeds.reduce((most, speed) => Math.max(most, Math.abs(speed)), 0);
  const moving = Array.from(speeds.keys())
    .filter((i) => Math.abs(speeds[i]!) > 1e-12 * fastest)
    .sort((a, b) => errors[a]! / speeds[a]! - errors[b]! / speeds[b]!);
  const total = moving.reduce((sum, i) => sum + Math.abs(speeds[i]!), 0);
  let sum = 0;
  return moving.find((i) => {
    sum += Math.abs(speeds[i]!);
    return sum >= total / 2;
  })!;
}

/** The samples nearest to the plane that decide one: as many as it has numbers, none following from the others. */
function decidingSamples(rows: Rows, targets: Float64Array, plane: Float64Array): number[] {
  const n = rows.width + 1;
  const outputs = affine(rows, plane.subarray(0, n - 1), plane[n - 1]!);
  const sizes = outputs.map((output, i) => Math.abs(output - targets[i]!));
  const chosen: number[] = [];
  for (const i of Array.from(sizes.keys()).sort((a, b) => sizes[a]! - sizes[b]!)) {
    const tried = [...chosen, i];
    const columns = Float64Array.from({ length: n * tried.length }, (_, at) =>
      entry(rows, tried[at % tried.length]!, Math.floor(at / tried.length)),
    );
    if ("dependent" in leastSquares(columns, new Float64Array(n), n, tried.length)) continue;
    chosen.push(i);
    if (chosen.length === n) break;
  }
  return chosen;
}

/** The weights and the bias of the plane that has `value(i)` at the samples i, which decide it. */
function planeThrough(rows: Rows, samples: readonly number[], value: (i: number) => number): Solution {
  const n = rows.width + 1;
  const matrix = Float64Array.from({ length: n * n }, (_, at) =>
    entry(rows, samples[Math.floor(at / n)]!, at % n),
  );
  return leastSquares(matrix, Float64Array.from(samples, value), n, n);
}

function absoluteError(rows: Rows, targets: Float64Array, plane: Float64Array): number {
  const outputs = affine(rows, plane.subarray(0, rows.width), plane[rows.width]!);
  return outputs.reduce((sum, output, i) => sum + Math.abs(output - targets[i]!), 0);
}
