/** Solutions and factorizations of matrices: what defines them, on hard matrices too, their gradients, what students get wrong. */
import { describe, expect, test } from "vitest";
import { setBackend } from "../../engine/backend/current.ts";
import { referenceBackend } from "../../engine/backend/reference.ts";
import {
  checkGradient,
  eye,
  graphOf,
  linalg,
  randn,
  seed,
  type Tensor,
  tensor,
  zeros,
} from "../../engine/index.ts";
import { numbers } from "./helpers.ts";

setBackend(referenceBackend);

const float64 = { dtype: "float64" } as const;
const largest = (x: Tensor) => Math.max(0, ...numbers(x.abs()));
const shapes = [
  [0, 0],
  [1, 1],
  [3, 3],
  [6, 2],
  [2, 5],
  [2, 7, 4],
  [20, 20],
];

/** Largest elements at most this far from 0: a few rounding errors of float64. */
const EXACT = 1e-12;

/** The `k` columns of a matrix, or of each: of length 1 and at right angles. */
function expectOrthonormal(columns: Tensor, k: number): void {
  const products = columns.transpose(-2, -1).matmul(columns);
  expect(largest(products.sub(eye(k, k, float64)))).toBeLessThan(EXACT);
}

describe("svd", () => {
  test.each(shapes.map((shape) => [shape]))(
    "of %j: A = U S Vh with orthonormal vectors, values descending",
    (shape) => {
      seed(1);
      const a = randn(shape, float64);
      const { u, s, vh } = linalg.svd(a);
      expect(largest(u.mul(s.unsqueeze(-2)).matmul(vh).sub(a))).toBeLessThan(EXACT);
      const k = s.shape.at(-1)!;
      expectOrthonormal(u, k);
      expectOrthonormal(vh.transpose(-2, -1), k);
      expect(numbers(s)).toEqual(numbers(s.sort(-1, { descending: true }).values));
      for (const value of numbers(s)) expect(value).toBeGreaterThanOrEqual(0);
    },
  );

  test("keeps orthonormal vectors where singular values are 0", () => {
    for (const a of [
      zeros([4, 3], float64),
      tensor(
        [
          [1, 2],
          [2, 4],
          [3, 6],
        ],
        float64,
      ),
    ]) {
      const { u, s, vh } = linalg.svd(a);
      const k = s.size;
      expect(largest(u.T.matmul(u).sub(eye(k, k, float64)))).toBeLessThan(EXACT);
      expect(largest(u.mul(s).matmul(vh).sub(a))).toBeLessThan(EXACT);
      expect(s.at(-1).item()).toBeLessThan(EXACT);
    }
  });

  test("finds small singular values exactly: 10⁻¹⁰ beside 1", () => {
    seed(2);
    const [q, p] = [linalg.qr(randn([4, 4], float64)).q, linalg.qr(randn([3, 3], float64)).q];
    const a = q
      .narrow(1, 0, 3)
      .mul(tensor([1, 1e-5, 1e-10], float64))
      .matmul(p);
    [1, 1e-5, 1e-10].forEach((value, i) => {
      expect(Math.abs(linalg.svd(a).s.at(i).item() - value)).toBeLessThan(1e-15);
    });
  });

  test("has the gradients of central differences, tall, wide and in batches", () => {
    for (const shape of [
      [3, 3],
      [4, 2],
      [2, 4],
      [2, 3, 2],
    ]) {
      seed(3);
      const a = randn(shape, { dtype: "float64", requiresGrad: true });
      for (const part of ["u", "s", "vh"] as const) {
        const check = checkGradient((x) => linalg.svd(x)[part], [a]);
        expect(check.ok, `${part} of ${shape}: ${check}`).toBe(true);
      }
    }
  });
});

describe("qr", () => {
  test.each(shapes.map((shape) => [shape]))("of %j: A = Q R, Q orthonormal, R triangular", (shape) => {
    seed(4);
    const a = randn(shape, float64);
    const { q, r } = linalg.qr(a);
    expect(largest(q.matmul(r).sub(a))).toBeLessThan(EXACT);
    const k = q.shape.at(-1)!;
    expectOrthonormal(q, k);
    expect(largest(r.tril(-1))).toBe(0);
  });

  test("of dependent columns: A = Q R all the same", () => {
    const a = tensor(
      [
        [1, 2],
        [2, 4],
        [3, 6],
      ],
      float64,
    );
    const { q, r } = linalg.qr(a);
    expect(largest(q.matmul(r).sub(a))).toBeLessThan(EXACT);
    expect(largest(q.T.matmul(q).sub(eye(2, 2, float64)))).toBeLessThan(EXACT);
  });

  test("has the gradients of central differences, tall, wide and in batches", () => {
    for (const shape of [
      [3, 3],
      [4, 2],
      [2, 4],
      [2, 3, 2],
    ]) {
      seed(5);
      const a = randn(shape, { dtype: "float64", requiresGrad: true });
      for (const part of ["q", "r"] as const) {
        const check = checkGradient((x) => linalg.qr(x)[part], [a]);
        expect(check.ok, `${part} of ${shape}: ${check}`).toBe(true);
      }
    }
  });
});

test("solve, inv, det and cholesky agree with one another", () => {
  seed(6);
  const a = randn([3, 6, 6], float64);
  const b = randn([3, 6, 2], float64);
  expect(largest(a.matmul(linalg.solve(a, b)).sub(b))).toBeLessThan(1e-10);
  expect(largest(linalg.inv(a).matmul(b).sub(linalg.solve(a, b)))).toBeLessThan(1e-10);
  expect(largest(linalg.det(linalg.inv(a)).mul(linalg.det(a)).sub(1))).toBeLessThan(1e-10);
  const covariance = a.matmul(a.transpose(1, 2)).add(eye(6, 6, float64));
  const l = linalg.cholesky(covariance);
  expect(largest(l.matmul(l.transpose(1, 2)).sub(covariance))).toBeLessThan(1e-10);
  expect(largest(l.triu(1))).toBe(0);
  expect(linalg.det(zeros([2, 2])).item()).toBe(0);
  expect(linalg.det(zeros([0, 0])).item()).toBe(1);
});

test("the graph tells the formulas of all of them", () => {
  const a = eye(3, 3, { requiresGrad: true });
  const { u, s, vh } = linalg.svd(a);
  const { q, r } = linalg.qr(a);
  const { values, vectors } = linalg.eigh(a);
  const results = [u, s, vh, q, r, values, vectors, linalg.cholesky(a), linalg.inv(a), linalg.det(a)];
  for (const result of results)
    for (const { op, formula } of graphOf(result).vertices)
      if (op !== null) expect(formula, op).not.toBeNull();
});

describe("mistakes", () => {
  test.each([
    ["a vector", () => linalg.svd(zeros([3])), /svd: works on matrices \[…, rows, columns\], got \[3\]/],
    ["NaN", () => linalg.svd(tensor([[Number.NaN]])), /svd: the matrix contains NaN or infinity/],
    [
      "whole numbers",
      () => linalg.qr(eye(2, 2, { dtype: "int32" })),
      /qr: works on float numbers, got int32/,
    ],
    [
      "an array",
      () => Reflect.apply(linalg.qr, undefined, [[[1]]]),
      /qr: expected a tensor, got an array of 1/,
    ],
    [
      "the gradient of a singular determinant",
      () => {
        const a = zeros([2, 2], { requiresGrad: true });
        linalg.det(a).backward();
      },
      /the gradient of det: the matrix is singular/,
    ],
  ] as const)("%s is an error", (_what, call, message) => {
    expect(call).toThrow(message);
  });
});
