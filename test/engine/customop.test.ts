/** Operations that students write, lecture step 002.7: values, gradients, memory, and every mistake's sentence. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { setBackend } from "../../engine/backend/current.ts";
import { referenceBackend } from "../../engine/backend/reference.ts";
import {
  checkGradient,
  customOp,
  full,
  grad,
  graphOf,
  InterruptError,
  nn,
  noGrad,
  ones,
  setInterruptFlag,
  type Tensor,
  tensor,
} from "../../engine/index.ts";
import { setLivenessProbe, sweep } from "../../engine/memory.ts";
import { startOnNode } from "../../engine/node.ts";

setBackend(referenceBackend);

const multiply = customOp({
  name: "Multiply",
  formula: "z = x · y;  ∂z/∂x = y,  ∂z/∂y = x",
  forward(context, x: Tensor, y: Tensor) {
    context.save(x, y);
    return x.mul(y);
  },
  backward(context, gradient) {
    const [x, y] = context.saved;
    return [gradient.mul(y!), gradient.mul(x!)];
  },
});

/** Saves its result, and an intermediate. */
const swish = customOp({
  name: "Swish",
  forward(context, x: Tensor) {
    const gate = x.neg().exp().add(1).reciprocal();
    const y = x.mul(gate);
    context.save(gate, y);
    return y;
  },
  backward(context, gradient) {
    const [gate, y] = context.saved;
    return gradient.mul(gate!.add(y!.mul(gate!.neg().add(1))));
  },
});

const leaf = (value: number | number[]) => tensor(value, { requiresGrad: true });
const precise = (value: number | number[]) => tensor(value, { dtype: "float64", requiresGrad: true });

describe("002.7: a student's Multiply node", () => {
  test("computes, switches the gradients, and carries its name in the graph", () => {
    const [x, y, z] = [leaf(-2), leaf(5), leaf(-4)];
    const f = multiply(x.add(y), z);
    expect([f.item(), f.op]).toEqual([-12, "Multiply"]);
    expect(multiply.name).toBe("Multiply");
    expect(f.inputs[1]).toBe(z);
    expect(graphOf(f).vertices.at(-1)).toMatchObject({
      op: "Multiply",
      formula: "z = x · y;  ∂z/∂x = y,  ∂z/∂y = x",
      value: -12,
    });
    f.backward();
    expect([x, y, z].map((tensor) => tensor.grad!.item())).toEqual([-4, -4, 3]);
  });

  test("passes the gradient check, in hidden expressions too", () => {
    const inputs = [precise([1, -2]), precise([0.5, 3])];
    for (const f of [
      (x: Tensor, y: Tensor) => multiply(x, y),
      (x: Tensor, y: Tensor) => multiply(multiply(x, x), y.tanh()),
      (x: Tensor, y: Tensor) => swish(multiply(x, y)).add(x),
    ]) {
      const check = checkGradient((x, y) => f(x!, y!), inputs);
      expect(check.ok, `${check}`).toBe(true);
    }
  });

  test("can be differentiated twice, also where its result was saved", () => {
    expect(grad(grad((x: Tensor) => multiply(x, multiply(x, x))))(2).item()).toBe(12);
    const exponential = customOp({
      name: "Exponential",
      forward(context, x: Tensor) {
        const y = x.exp();
        context.save(y);
        return y;
      },
      backward: (context, gradient) => gradient.mul(context.saved[0]!),
    });
    const check = checkGradient((x) => grad(exponential)(x!), [precise(0.3)]);
    expect(check.ok, `${check}`).toBe(true);
  });

  test("trains within a module", () => {
    class Net extends nn.Module {
      w = nn.parameter(ones([3]));
      forward(x: Tensor): Tensor {
        return swish(multiply(x, this.w));
      }
    }
    const net = new Net();
    net(tensor([1, 2, 3]))
      .sum()
      .backward();
    expect(net.w.grad!.toArray()).toEqual(
      [1, 2, 3].map((x) => {
        const s = 1 / (1 + Math.exp(-x));
        return expect.closeTo(x * (s + x * s * (1 - s)), 5);
      }),
    );
  });

  test("is not recorded without need", () => {
    expect(multiply(tensor(2), tensor(3)).requiresGrad).toBe(false);
    expect(noGrad(() => multiply(leaf(2), leaf(3))).requiresGrad).toBe(false);
  });

  test("gives no gradient to an input without requiresGrad, and null is none", () => {
    const [x, y] = [leaf(2), tensor(3)];
    multiply(x, y).backward();
    expect([x.grad!.item(), y.grad]).toEqual([3, null]);
    const blocked = customOp({
      name: "Blocked",
      forward: (_context, a: Tensor) => a.mul(2),
      backward: () => [null],
    });
    const z = leaf(1);
    blocked(z).add(z).backward();
    expect(z.grad!.item()).toBe(1);
  });

  test("converts a float gradient to the input's precision", () => {
    const mixed = customOp({
      name: "Mixed",
      forward: (_context, a: Tensor) => a.mul(2),
      backward: (_context, gradient) => gradient.to("float32").mul(2),
    });
    const x = precise(1);
    mixed(x).backward();
    expect([x.grad!.dtype, x.grad!.item()]).toEqual(["float64", 2]);
  });
});

describe("what is wrong is said:", () => {
  const bypass = (operation: unknown): ((...inputs: unknown[]) => Tensor) =>
    Reflect.apply(customOp, null, [operation]);
  const twice = (parts: object) =>
    bypass({
      name: "Twice",
      forward: (_c: unknown, x: Tensor) => x.mul(2),
      backward: (_c: unknown, g: Tensor) => [g.mul(2)],
      ...parts,
    });
  const run = (parts: object) => () => {
    twice(parts)(leaf([1, 2]).named("x"))
      .sum()
      .backward();
  };

  test("the description", () => {
    expect(() => bypass("Multiply")).toThrow(
      /customOp: expected \{ name, forward.*got the string "Multiply"/,
    );
    expect(() => twice({ name: "" })).toThrow(
      /customOp: name is what graphs and messages call the operation/,
    );
    expect(() => twice({ forward: undefined })).toThrow(
      "customOp: Twice has no forward; write forward(context, x",
    );
    expect(() => twice({ backward: 3 })).toThrow(
      "customOp: Twice has no backward; write backward(context, gradient)",
    );
  });

  test("the inputs", () => {
    expect(() => twice({})(3)).toThrow("Twice: expected a tensor as input 0, got 3; make one with tensor(…)");
    expect(() => twice({})()).toThrow("Twice: expected tensors, got nothing");
  });

  test.each([
    [{ forward: () => undefined }, "Twice.forward returned nothing: end it with return …"],
    [{ forward: () => 6 }, "Twice.forward must return a Tensor, got 6; compute with tensors (x.mul(y))"],
    [
      { forward: (_c: unknown, x: Tensor) => [x] },
      "Twice.forward must return a Tensor, got an array of 1; an operation has one",
    ],
    [{ forward: async (_c: unknown, x: Tensor) => x }, "Twice.forward is async"],
    [
      { forward: (_c: unknown, x: Tensor) => x.greater(0) },
      'Twice.forward returned bool, which has no gradient; convert it with .to("float32")',
    ],
    [
      { forward: (c: { save(x: unknown): void }) => c.save(3) },
      "Twice: context.save: expected a tensor as argument 0, got 3",
    ],
    [
      {
        forward(c: { save(x: unknown): void }, x: Tensor) {
          c.save(x);
          c.save(x);
          return x;
        },
      },
      "Twice: context.save(…) was called twice; give it all tensors at once",
    ],
  ])("the forward %#", (parts, message) => {
    expect(run(parts)).toThrow(message);
  });

  test.each([
    [{ backward: () => undefined }, "Twice.backward returned nothing: end it with return [∂L/∂x]"],
    [
      { backward: () => [] },
      "Twice.backward returned 0 gradients for 1 input: return [∂L/∂x], null for an input without gradient",
    ],
    [{ backward: (_c: unknown, g: Tensor) => [g, g] }, "Twice.backward returned 2 gradients for 1 input"],
    [
      { backward: () => [2] },
      "Twice.backward: the gradient for input 0 (x) must be a Tensor, or null if it has none; got 2",
    ],
    [
      { backward: (_c: unknown, g: Tensor) => [g.sum()] },
      "Twice.backward: the gradient for input 0 (x) is [], the input is [2]; a gradient has the shape of what it belongs to",
    ],
    [
      { backward: (_c: unknown, g: Tensor) => [g.expand([3, 2])] },
      /is \[3, 2\], the input is \[2\].*where the input was repeated \(broadcast\), sum its gradient/,
    ],
    [
      { backward: (_c: unknown, g: Tensor) => [g.greater(0)] },
      "Twice.backward: the gradient for input 0 (x) is bool; multiply the gradient of the result by it",
    ],
    [{ backward: async () => [] }, "Twice.backward is async"],
    [
      { backward: (c: { save(x: Tensor): void }, g: Tensor) => c.save(g) },
      "Twice: context.save(…) is for forward; backward reads context.saved",
    ],
  ])("the backward %#", (parts, message) => {
    expect(run(parts)).toThrow(message);
  });

  test("a wrong formula, by the gradient check", () => {
    const wrong = twice({ backward: (_c: unknown, g: Tensor) => [g.mul(3)] });
    expect(`${checkGradient((x) => wrong(x), [precise([1, 2])])}`).toMatch(
      /gradient WRONG; worst at input 0\[0\]/,
    );
  });

  test("a second backward() through it, and an interruption", () => {
    const z = multiply(leaf(2), leaf(3));
    z.backward();
    expect(() => z.backward()).toThrow(
      /through a Multiply that backward\(\) number \d+ has already differentiated/,
    );
    setInterruptFlag(new Int32Array(new SharedArrayBuffer(4)).fill(1));
    try {
      expect(() => multiply(leaf(2), leaf(3))).toThrow(InterruptError);
    } finally {
      setInterruptFlag(null);
    }
  });
});

describe("memory", () => {
  const bytes = () => referenceBackend.bytesInUse;

  beforeEach(() => {
    startOnNode();
    setBackend(referenceBackend);
    return () => setLivenessProbe(null);
  });
  afterEach(() => {
    sweep();
  });

  test("what forward made and did not save goes at once, what it saved with backward()", () => {
    const x = full([2000], 0.5).keep();
    x.requiresGrad = true;
    const before = bytes();
    const y = swish(x);
    expect(bytes() - before).toBe(2 * 8000); // the result and the gate
    const loss = y.sum();
    loss.backward({ retainGraph: true });
    const first = x.gradient!.toTypedArray();
    loss.backward();
    expect(x.gradient!.toTypedArray()).toEqual(first);
    expect(bytes() - before - 8000 * 2).toBeLessThan(100); // the result, and x's gradient
    const idle = bytes();
    expect(noGrad(() => swish(x)).isRecycled).toBe(false);
    expect(bytes() - idle).toBe(8000);
  });

  test("stays flat over 10,000 steps", { timeout: 60_000 }, () => {
    const [x, w] = [full([1200], 2), full([1200], 0.5)];
    w.requiresGrad = true;
    const step = () => swish(multiply(x, w)).sum().backward();
    for (let i = 0; i < 10; i++) step();
    const settled = bytes();
    let highest = 0;
    for (let i = 0; i < 10_000; i++) {
      step();
      highest = Math.max(highest, bytes());
    }
    expect(highest).toBeLessThan(settled + 1024);
  });
});
