/** Eigenvectors of symmetric matrices: what defines them, their gradients, what students get wrong. */
import { describe, expect, test } from "vitest";
import { withBackend } from "../../engine/backend/current.ts";
import { referenceBackend } from "../../engine/backend/reference.ts";
import {
  checkGradient,
  eye,
  gradients,
  linalg,
  randn,
  seed,
  type Tensor,
  tensor,
  zeros,
} from "../../engine/index.ts";
import { backends, numbers } from "./helpers.ts";

const symmetric = (x: Tensor) => x.add(x.transpose(-2, -1));

const largest = (x: Tensor) => Math.max(0, ...numbers(x.abs()));

describe.each(backends.slice(0, 2).map(({ name, backend }) => [name, backend] as const))(
  "on %s",
  (_name, backend) => {
    test.each([[0], [1], [2], [3], [7], [40]])("size %i: A V = V Λ, Vᵀ V = 1, values ascending", (n) => {
      withBackend(backend, () => {
        seed(n);
        const a = symmetric(randn([2, n, n]));
        const { values, vectors } = linalg.eigh(a);
        expect([values.shape, vectors.shape]).toEqual([
          [2, n],
          [2, n, n],
        ]);
        const tolerance = 1e-6 * Math.max(1, largest(a)) * Math.max(1, n);
        expect(largest(a.matmul(vectors).sub(vectors.mul(values.unsqueeze(1))))).toBeLessThan(tolerance);
        expect(largest(vectors.transpose(1, 2).matmul(vectors).sub(eye(n)))).toBeLessThan(tolerance);
        for (const row of values) expect(numbers(row)).toEqual(numbers(row).toSorted((x, y) => x - y));
        const total = a.select(0, 0).trace().item();
        expect(Math.abs(values.select(0, 0).sum().item() - total)).toBeLessThan(tolerance * 10);
      });
    });
  },
);

describe("special matrices", () => {
  test("zero, the identity, diagonal, of rank 1", () => {
    withBackend(referenceBackend, () => {
      expect(numbers(linalg.eigh(zeros([3, 3])).values)).toEqual([0, 0, 0]);
      expect(numbers(linalg.eigh(eye(4)).values)).toEqual([1, 1, 1, 1]);
      const { values, vectors } = linalg.eigh(tensor([3, -1, 2]).diag());
      expect(values.toArray()).toEqual([-1, 2, 3]);
      expect(vectors.toArray()).toEqual([
        [0, 0, 1],
        [1, 0, 0],
        [0, 1, 0],
      ]);
      const u = tensor([[1], [2], [2]]);
      const ranked = linalg.eigh(u.matmul(u.T));
      expect(ranked.values.at(2).item()).toBeCloseTo(9, 5);
      expect(largest(ranked.values.slice([[0, 2]]))).toBeLessThan(1e-5);
      numbers(ranked.vectors.select(1, 2)).forEach((value, i) => {
        expect(value).toBeCloseTo([1 / 3, 2 / 3, 2 / 3][i]!, 6);
      });
    });
  });

  test("very large and very small ones", () => {
    const values = (scale: number) =>
      withBackend(referenceBackend, () =>
        numbers(
          linalg.eigh(
            tensor(
              [
                [2, 1],
                [1, 2],
              ],
              { dtype: "float64" },
            ).mul(scale),
          ).values,
        ).map((x) => x / scale),
      );
    for (const scale of [1e-150, 1, 1e150]) {
      const [low, high] = values(scale);
      expect(low).toBeCloseTo(1, 12);
      expect(high).toBeCloseTo(3, 12);
    }
  });

  test("each vector's largest element is positive, so that a result is the same everywhere", () => {
    withBackend(referenceBackend, () => {
      seed(3);
      const { vectors } = linalg.eigh(symmetric(randn([6, 6])));
      for (const column of vectors.T) {
        const values = numbers(column);
        expect(Math.max(...values)).toBe(Math.max(...values.map(Math.abs)));
      }
    });
  });
});

describe("gradients", () => {
  const operand = () =>
    withBackend(referenceBackend, () => {
      seed(5);
      return randn([2, 4, 4], { dtype: "float64", requiresGrad: true });
    });

  test("of the values and of the vectors are those of central differences", () => {
    const a = operand();
    const values = checkGradient((x) => linalg.eigh(symmetric(x)).values, [a]);
    expect(values.ok, `${values}`).toBe(true);
    const vectors = checkGradient((x) => linalg.eigh(symmetric(x)).vectors, [a]);
    expect(vectors.ok, `${vectors}`).toBe(true);
  });

  test("can be differentiated again", () => {
    const a = operand();
    for (const part of ["values", "vectors"] as const) {
      const slope = (x: Tensor) =>
        gradients(
          linalg
            .eigh(symmetric(x))
            [part].square()
            .mul(x.slice([[0, 2], 0]).sum())
            .sum(),
          [x],
          {
            createGraph: true,
          },
        )[0] as Tensor;
      const check = checkGradient(slope, [a], { tolerance: 1e-5 });
      expect(check.ok, `${part}: ${check}`).toBe(true);
    }
  });

  test("of the values are finite where eigenvalues are equal: the trace's gradient is the identity", () => {
    withBackend(referenceBackend, () => {
      const a = eye(3, 3, { requiresGrad: true });
      linalg.eigh(a).values.sum().backward();
      expect(a.grad!.toArray()).toEqual(eye(3).toArray());
    });
  });
});

describe("mistakes", () => {
  test.each([
    [
      "not symmetric",
      () =>
        tensor([
          [1, 2],
          [3, 4],
        ]),
      /eigh: the matrix is not symmetric: element \[0, 1\] is 2, element \[1, 0\] is 3; a\.add\(a\.T\)\.div\(2\)/,
    ],
    ["not square", () => zeros([2, 3]), /eigh: works on square matrices \[…, n, n\], got \[2, 3\]/],
    ["a vector", () => zeros([3]), /eigh: works on square matrices \[…, n, n\], got \[3\]/],
    ["NaN", () => tensor([[Number.NaN]]), /eigh: the matrix contains NaN or infinity/],
    ["whole numbers", () => eye(2, 2, { dtype: "int32" }), /eigh: works on float numbers, got int32/],
    ["arrays", () => [[1]], /eigh: expected a tensor, got an array of 1; make one with tensor/],
  ] as const)("%s is an error", (_what, make, message) => {
    expect(() => Reflect.apply(linalg.eigh, undefined, [make()])).toThrow(message);
  });
});
