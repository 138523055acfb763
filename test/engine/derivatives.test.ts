/** Gradients, Jacobian and Hessian matrices of functions: PyTorch's values (golden/derivatives.py). */
import { describe, expect, test } from "vitest";
import { setBackend } from "../../engine/backend/current.ts";
import { referenceBackend } from "../../engine/backend/reference.ts";
import {
  checkGradient,
  conv2d,
  enableGrad,
  GradientError,
  grad,
  gradients,
  hessian,
  jacobian,
  maxPool2d,
  memoryReport,
  nn,
  noGrad,
  ones,
  type Tensor,
  tensor,
} from "../../engine/index.ts";
import { setLivenessProbe, sweep } from "../../engine/memory.ts";
import { startOnNode } from "../../engine/node.ts";
import golden from "./golden/derivatives.json" with { type: "json" };
import { expectPacked, unpack } from "./packed.ts";

setBackend(referenceBackend);

const weight = unpack(golden.weight);
const kernel = unpack(golden.kernel);
const labels = tensor(golden.labels, { dtype: "int32" });
const mlp = (x: Tensor) => x.matmul(weight.T).tanh().square();
const conv = (x: Tensor) => conv2d(x, kernel, null, { padding: 1 }).sigmoid();

const functions: Record<string, (x: Tensor) => Tensor> = {
  softmax: (x) => x.softmax(-1),
  mlp,
  conv: (x) => maxPool2d(conv(x), 2).flatten(1),
  logSumExp: (x) => x.logSumExp(-1),
};
const scalars: Record<string, (x: Tensor) => Tensor> = {
  crossEntropy: (x) => nn.crossEntropy(x, labels),
  mlp: (x) => mlp(x).sum(),
  conv: (x) => conv(x).square().sum(),
  rosenbrock: (x) => {
    const [head, tail] = [x.slice([[0, 2]]), x.slice([[1, 3]])];
    return head.neg().add(1).square().add(tail.sub(head.square()).square().mul(100)).sum();
  },
};

test.each(golden.jacobians.map((entry) => [entry.name, entry] as const))(
  "the Jacobian matrix of %s is PyTorch's",
  (name, entry) => expectPacked(jacobian(functions[name]!, unpack(entry.x)), entry.jacobian),
);

test.each(golden.hessians.map((entry) => [entry.name, entry] as const))(
  "the Hessian matrix of %s is PyTorch's",
  (name, entry) => expectPacked(hessian(scalars[name]!, unpack(entry.x)), entry.hessian),
);

describe("grad", () => {
  test("of grad is the second derivative, zero where there is none", () => {
    const cube = (x: Tensor) => x.pow(3);
    expect(grad((x) => x.square())(3).item()).toBe(6);
    expect(grad((x: Tensor, y: Tensor) => x.mul(y))(3, 4)[1].item()).toBe(3);
    const product = (a: Tensor, b: Tensor, c: Tensor, d: Tensor) => a.mul(b).mul(c).mul(d);
    expect(grad(product)(2, 3, 5, 7).map((slope) => slope.item())).toEqual([105, 70, 42, 30]);
    expect(grad(grad(cube))(2).item()).toBe(12);
    expect(grad(grad(grad(cube)))(2).item()).toBe(6);
    expect(grad(grad((x: Tensor) => x.mul(3)))(2).item()).toBe(0);
    expect(grad(() => tensor(4))(1).item()).toBe(0);
  });

  test("is part of the graph of an input that wants a gradient, and of no other", () => {
    const x = tensor([1, 2], { requiresGrad: true });
    const penalty = grad((v: Tensor) => v.pow(3).sum())(x)
      .square()
      .sum(); // Σ 9x⁴
    penalty.backward();
    expect(x.grad!.toArray()).toEqual([36, 288]);
    expect(grad((v: Tensor) => v.square().sum())(tensor([1, 2])).requiresGrad).toBe(false);
    expect(noGrad(() => grad((v: Tensor) => v.square().sum())(x)).requiresGrad).toBe(false);
  });

  test("touches no .grad, and sees the variable apart from what the function closes over", () => {
    const x = tensor(3, { requiresGrad: true });
    expect(grad((v: Tensor) => v.mul(x))(x).item()).toBe(3);
    expect(x.grad).toBeNull();
  });

  test("works under noGrad, and where the function enables gradients itself", () => {
    expect(noGrad(() => grad((x: Tensor) => x.square())(3)).item()).toBe(6);
    expect(noGrad(() => grad((x: Tensor) => enableGrad(() => x.square()))(3)).item()).toBe(6);
  });

  test("is checked by central differences on a composed second derivative", () => {
    const x = tensor([0.3, -0.7], { dtype: "float64", requiresGrad: true });
    const check = checkGradient((v) => grad((u: Tensor) => u.tanh().mul(u.exp()).sum())(v!).square(), [x]);
    expect(check.ok, `${check}`).toBe(true);
  });

  test("says what is wrong", () => {
    const bypass = (f: unknown): ((x?: unknown) => unknown) => Reflect.apply(grad, null, [f]);
    expect(() => grad((x: Tensor) => x.mul(2))(tensor([1, 2]))).toThrow(
      "grad: the function must give a single number, it gave [2]; reduce it with .sum() or .mean(), or use jacobian(f, x)",
    );
    expect(() => grad((x: Tensor) => x.mul(2))(tensor([1, 2]))).toThrow(GradientError);
    expect(() => bypass((x: Tensor) => x.item() ** 2)(3)).toThrow(
      /must return a tensor, got 9; compute with tensors .* not with their \.item\(\)/,
    );
    expect(() => bypass((x: Tensor) => void x)(3)).toThrow(/got undefined; was a return forgotten/);
    expect(() => bypass(tensor(3))(3)).toThrow(/grad: expected a function.*use gradients\(y, \[x\]\)/);
    expect(() => bypass((x: Tensor) => x)([1, 2])).toThrow(/got an array of 2; make it one with tensor/);
    expect(() => bypass((x: Tensor) => x)()).toThrow(/call it with the inputs, grad\(f\)\(x\)/);
    expect(() => grad((x: Tensor) => x)(tensor([1], { dtype: "int32" }))).toThrow(/got int32; convert/);
    expect(() => hessian((x) => x, tensor([1, 2]))).toThrow(
      /hessian: the function must give a single number/,
    );
  });
});

describe("jacobian", () => {
  test("has the shapes of output and input, also where there is nothing to differentiate", () => {
    expect(jacobian((x) => x.sum(0), ones([2, 3])).shape).toEqual([3, 2, 3]);
    expect(jacobian((x) => x.square(), 3).item()).toBe(6);
    expect(jacobian(() => ones([2]), ones([3])).toArray()).toEqual([
      [0, 0, 0],
      [0, 0, 0],
    ]);
  });

  test("can be differentiated", () => {
    const x = tensor([1, 2], { requiresGrad: true });
    jacobian((v) => v.pow(3), x)
      .sum()
      .backward();
    expect(x.grad!.toArray()).toEqual([6, 12]);
  });
});

describe("gradients of several outputs", () => {
  test("are the sum of their vector-Jacobian products", () => {
    const x = tensor([1, 2], { requiresGrad: true });
    const [a, b] = [x.square(), x.mul(5)];
    const [found] = gradients([a, b], [x], { gradient: [tensor([1, 10]), tensor([2, 1])] });
    expect(found!.toArray()).toEqual([12, 45]);
  });

  test("count an output that another one was computed from, or given twice", () => {
    const x = tensor(3, { requiresGrad: true });
    const h = x.square();
    expect(gradients([h.mul(2), h], [x])[0]!.item()).toBe(18);
    const again = x.square();
    expect(gradients([again, again], [x, again]).map((found) => found!.item())).toEqual([12, 2]);
  });

  test("say what is wrong", () => {
    const x = tensor([1, 2], { requiresGrad: true });
    expect(() => gradients([x.mul(2), x.sum()], [x], { gradient: [ones([2])] })).toThrow(
      "gradients: 2 outputs need 2 gradients, got 1; pass { gradient: [one per output] }",
    );
    expect(() => gradients([], [x])).toThrow(/a tensor or an array of tensors, got an array of 0/);
    expect(() => Reflect.apply(gradients, null, [x.sum(), x])).toThrow(
      /the inputs are an array of tensors, such as \[x\]/,
    );
  });
});

test("10,000 gradients, Jacobian and Hessian matrices leave nothing behind", { timeout: 120_000 }, () => {
  startOnNode();
  setBackend(referenceBackend);
  try {
    const x = ones([3]);
    const step = () => {
      grad((v: Tensor) => v.tanh().sum())(x);
      jacobian((v) => v.square(), x);
      hessian((v) => v.pow(3).sum(), x);
    };
    for (let i = 0; i < 100; i++) step();
    sweep();
    const before = memoryReport();
    for (let i = 0; i < 10_000; i++) step();
    sweep();
    expect(memoryReport().bytes - before.bytes).toBeLessThan(1024);
    expect(memoryReport().tensors - before.tensors).toBeLessThan(20);
  } finally {
    setLivenessProbe(null);
  }
});
