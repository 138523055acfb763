// The classical methods against NumPy, SciPy, scikit-learn and scikit-image (golden/golden.py). Tensors are float32, so are
// the tolerances; on the reference backend in float64 they agree to 1e-9, as far as the oracles' own iterations go.

import { describe, expect, it } from "vitest";
import { withBackend } from "../../../engine/backend/current.ts";
import { referenceBackend } from "../../../engine/backend/reference.ts";
import * as classical from "../../../engine/classical/index.ts";
import { type Tensor, tensor } from "../../../engine/index.ts";
import { backends, numbers } from "../helpers.ts";
import golden from "./golden/golden.json" with { type: "json" };

function expectClose(
  actual: Tensor | readonly number[],
  expected: readonly unknown[],
  tolerance: number,
): void {
  const values = Array.isArray(actual) ? actual : numbers(actual as Tensor);
  const wanted = expected.flat(8) as number[];
  expect(values).toHaveLength(wanted.length);
  wanted.forEach((value, i) => {
    expect(Math.abs(values[i]! - value), `number ${i}: ${values[i]} for ${value}`).toBeLessThanOrEqual(
      tolerance * (1 + Math.abs(value)),
    );
  });
}

const whole = (values: readonly number[]): Tensor => tensor([...values], { dtype: "int32" });

/** The default backend in float32, and the reference in float64. */
const places = [
  ...backends.map(({ name, backend }) => ({ name, backend, dtype: "float32" as const, close: 2e-6 })),
  { name: "reference, float64", backend: referenceBackend, dtype: "float64" as const, close: 1e-9 },
];

describe.each(places)("on $name", ({ backend, dtype, close }) => {
  const on = (test: () => void) => () => withBackend(backend, test);
  const real = (values: readonly unknown[]): Tensor => tensor(values as number[], { dtype });
  const make = () => ({ x: real(golden.x), y: real(golden.y), queries: real(golden.queries) });

  it(
    "linear and ridge regression",
    on(() => {
      const { x, y, queries } = make();
      const line = classical.linearRegression().fit(x, y);
      expectClose(line.coefficients, golden.linear.weight, 1e-9);
      expectClose(line.weight, golden.linear.weight, close);
      expect(line.bias).toBeCloseTo(golden.linear.bias, 9);
      expect(line.sse).toBeCloseTo(golden.linear.sse, 9);
      expectClose(line.predict(queries), golden.linear.prediction, close);
      expect(line.predict(queries).dtype).toBe(dtype);
      const ridge = classical.linearRegression({ l2: 2.5 }).fit(x, y);
      expectClose(ridge.coefficients, golden.linear.ridgeWeight, 1e-9);
      expect(ridge.bias).toBeCloseTo(golden.linear.ridgeBias, 9);
    }),
  );

  it(
    "the least absolute error",
    on(() => {
      const { x } = make();
      const { y, plane } = golden.absolute;
      const line = classical.linearRegression().fitLeastAbsolute(x, real(y));
      expectClose([...line.coefficients, line.bias], plane, 1e-9);
    }),
  );

  it.each([golden.logistic, golden.logisticBare])("logistic regression, l2 = $l2", (expected) =>
    withBackend(backend, () => {
      const { x, queries } = make();
      const neuron = classical.logisticRegression({ l2: expected.l2 }).fit(x, whole(golden.labels));
      expectClose(neuron.coefficients, expected.weight, 1e-8);
      expect(neuron.bias).toBeCloseTo(expected.bias, 7);
      expectClose(neuron.probability(queries), expected.probability, Math.max(close, 1e-8));
    }),
  );

  it.each(golden.neighbours)("$k nearest neighbours", (expected) =>
    withBackend(backend, () => {
      const { x, queries } = make();
      const model = classical.nearestNeighbours({ k: expected.k }).fit(x, whole(golden.classes));
      const { indices, distances } = model.neighbours(queries);
      expect(indices.toArray()).toEqual(expected.indices);
      expectClose(distances, expected.distances, close);
      expectClose(model.probabilities(queries), expected.probabilities, close);
      expect(numbers(model.predict(queries))).toEqual(expected.prediction);
      expect(model.predict(queries).dtype).toBe("int32");
    }),
  );

  it(
    "k-means from given centres",
    on(() => {
      const { x, queries } = make();
      const { start, centres, labels, inertia, prediction } = golden.kMeans;
      const groups = classical.kMeans({ k: 4, start: real(start) }).fit(x);
      expectClose(groups.centres, centres, close);
      expect(numbers(groups.labels)).toEqual(labels);
      expect(groups.inertia).toBeCloseTo(inertia, 9);
      expect(groups.converged).toBe(true);
      expect(numbers(groups.predict(queries))).toEqual(prediction);
    }),
  );

  it.each(golden.pca.map((expected) => ({ expected, shape: `${expected.x.length} samples` })))(
    "PCA of $shape",
    ({ expected }) =>
      withBackend(backend, () => {
        const x = real(expected.x);
        const found = classical.pca().fit(x);
        expectClose(found.mean, expected.mean, close);
        expectClose(found.components, expected.components, close);
        expectClose(found.variances, expected.variances, close);
        expectClose(found.varianceShares, expected.shares, close);
        expectClose(found.transform(x), expected.codes, 3 * close);
        expectClose(found.reconstruct(x), expected.reconstruction, 3 * close);
      }),
  );

  it(
    "probabilistic PCA",
    on(() => {
      const expected = golden.ppca;
      const x = real(expected.x);
      const model = classical.probabilisticPCA().fit(x);
      expect(model.noise).toBeCloseTo(expected.noise, 10);
      expectClose(model.weight, expected.weight, close);
      const shifted = real(expected.x.slice(0, 10).map((row) => row.map((value) => value * 1.5)));
      expectClose(model.logDensity(shifted), expected.logDensity, 5 * close);
      const first = real(expected.x.slice(0, 10));
      expectClose(model.transform(first), expected.latent, 5 * close);
      const turned = classical.probabilisticPCA({ rotation: real(expected.rotation) }).fit(x);
      expectClose(turned.weight, expected.rotated, close);
      expectClose(turned.logDensity(shifted), expected.logDensity, 5 * close);
      expectClose(
        turned.inverse(turned.transform(first)),
        numbers(model.inverse(model.transform(first))),
        1e-5,
      );
    }),
  );

  it(
    "kernel density by every rule",
    on(() => {
      const expected = golden.density;
      const samples = real(expected.samples);
      const grid = real(expected.grid);
      for (const bandwidth of ["scott", "silverman"] as const) {
        const density = classical.kernelDensity({ bandwidth }).fit(samples);
        expectClose(density.logDensity(grid), expected[bandwidth], close);
        expectClose(
          density.density(grid),
          expected[bandwidth].map((value) => Math.exp(value)),
          close,
        );
      }
      const { x, queries } = make();
      const fixed = classical.kernelDensity({ bandwidth: 0.7 }).fit(x);
      expectClose(fixed.logDensity(queries), expected.fixed, close);
    }),
  );

  it(
    "Fourier and Bernstein fits",
    on(() => {
      const x = real(golden.curves.x);
      const y = real(golden.curves.y);
      const waves = classical.fourier({ terms: 3, period: 1.25 }).fit(x, y);
      expectClose(waves.coefficients, golden.curves.fourier, 1e-9);
      const hills = classical.bernstein({ degree: 6, interval: [0, 1] }).fit(x, y);
      expectClose(hills.coefficients, golden.curves.bernstein, 1e-9);
    }),
  );

  it(
    "HoG, grey and in colour",
    on(() => {
      // scikit-image sums a cell in float32, whatever the image is.
      const near = Math.max(close, 1e-7);
      const grey = classical.hog(real(golden.hog.image), { cell: 4 });
      expectClose(grey, golden.hog.features, near);
      const colour = real(golden.hog.colour);
      const features = classical.hog(colour, { cell: 4, bins: 6 });
      expectClose(features, golden.hog.colourFeatures, near);
      const two = classical.hog(real([golden.hog.colour, golden.hog.colour]), { cell: 4, bins: 6 });
      expect(two.shape).toEqual([2, features.size]);
      expectClose(two, [golden.hog.colourFeatures, golden.hog.colourFeatures], near);
    }),
  );

  it(
    "standardisation by the statistics of the training set",
    on(() => {
      const { x, queries } = make();
      const scale = classical.standardiser().fit(x);
      expectClose(scale.transform(queries), golden.standardised, close);
      expectClose(scale.inverse(scale.transform(queries)), golden.queries, 3 * close);
    }),
  );
});

describe("statistics of samples", () => {
  it("jackknife", () => {
    const variance = (values: readonly number[]): number => {
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    };
    const { bias, standardError } = classical.jackknife(golden.density.samples, { statistic: variance });
    expect(bias).toBeCloseTo(golden.jackknife.bias, 9);
    expect(standardError).toBeCloseTo(golden.jackknife.standardError, 9);
  });

  it("quantiles of the bootstrap's draws", () => {
    const result = new classical.BootstrapResult(0, golden.density.samples, 0.95);
    expectClose([result.low, result.high], golden.quantiles, 1e-12);
  });
});
