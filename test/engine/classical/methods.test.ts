/** The classical methods beyond what the lectures say of them (test/engine/lectures). */
import { expect, it } from "vitest";
import { classical, data, tensor } from "../../../engine/index.ts";
import { numbers } from "../helpers.ts";

const x = tensor([0, 1, 2, 3]);
const y = tensor([1, 3, 5, 6]);

it("descent says how low the learning rate must be", () => {
  const diverge = () => classical.linearRegression().fitByGradientDescent(x, y, { lr: 0.3, steps: 5000 });
  expect(diverge).toThrow(/lr 0\.3 is too high for these x; take one below 0\.24/);
  const steps = classical.linearRegression().fitByGradientDescent(x, y, { lr: 0.23, steps: 5000 });
  expect(steps.sse).toBeCloseTo(0.3, 6);
});

it("the perceptron takes another order by the seed, the same each time", () => {
  const { points, labels } = data.blobs({ classes: 2 });
  const learn = (seed: number) => classical.perceptron({ shuffle: true, seed }).fit(points, labels);
  expect(learn(1).coefficients).toEqual(learn(1).coefficients);
  expect(learn(1).coefficients).not.toEqual(learn(2).coefficients);
});

it("k-means: a group that loses its samples starts anew", () => {
  const points = tensor([0, 1, 10, 11, 20, 21]);
  const start = tensor([0.5, 500, 600]);
  const groups = classical.kMeans({ k: 3, start }).fit(points);
  expect(numbers(groups.centres).sort((a, b) => a - b)).toEqual([5.5, 20, 21]);
  expect(groups.inertia).toBeCloseTo(101, 9); // as in scikit-learn
});

it("stratified folds share out every class", () => {
  const labels = tensor(
    Array.from({ length: 40 }, (_, i) => (i < 28 ? 0 : i < 37 ? 1 : 2)),
    { dtype: "int32" },
  );
  const values = numbers(labels);
  for (const { validation } of classical.stratifiedKFold(labels, 4, { shuffle: true })) {
    const counts = [0, 0, 0];
    for (const i of validation) counts[values[i]!]!++;
    expect(counts[0]).toBe(7);
    expect([2, 3]).toContain(counts[1]);
    expect(counts[2]).toBeLessThanOrEqual(1);
    expect(validation).toHaveLength(10);
  }
});

it("stratified folds do not mind how the classes come in turn", () => {
  const labels = tensor(
    Array.from({ length: 40 }, (_, i) => i % 4),
    { dtype: "int32" },
  );
  for (const { validation } of classical.stratifiedKFold(labels, 4)) {
    const counts = [0, 0, 0, 0];
    for (const i of validation) counts[i % 4]!++;
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
  }
});
