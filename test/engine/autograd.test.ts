/** The tape: what backward() does to leaves, what it refuses and how it says so. */
import { describe, expect, test } from "vitest";
import { setBackend } from "../../engine/backend/current.ts";
import { referenceBackend } from "../../engine/backend/reference.ts";
import {
  type CheckedInput,
  checkGradient,
  enableGrad,
  GradientError,
  gradients,
  isGradEnabled,
  noGrad,
  ones,
  optim,
  randn,
  setInterruptFlag,
  type Tensor,
  tensor,
} from "../../engine/index.ts";
import { defineOp, type Primitive, run } from "../../engine/op.ts";

setBackend(referenceBackend);

const leaf = (value: number | number[]) => tensor(value, { requiresGrad: true });

describe("backward", () => {
  test("adds up over all paths through shared tensors", () => {
    const x = leaf(3);
    const y = x.mul(2);
    y.mul(y).add(y).add(x).backward(); // 4x² + 2x + x
    expect(x.grad!.item()).toBe(27);
  });

  test("adds up where one tensor is both operands", () => {
    const x = leaf([1, 2]);
    x.add(x).sum().backward();
    expect(x.grad!.toArray()).toEqual([2, 2]);
    x.mul(x).sum().backward();
    expect(x.grad!.toArray()).toEqual([2, 4]);
    x.sub(x).sum().backward();
    expect(x.grad!.toArray()).toEqual([0, 0]);
  });

  test("overwrites gradients, or adds to them with accumulate", () => {
    const x = leaf([1, 2]);
    x.sum().backward();
    x.sum().backward();
    expect(x.grad!.toArray()).toEqual([1, 1]);
    x.mul(3).sum().backward({ accumulate: true });
    expect(x.grad!.toArray()).toEqual([4, 4]);
    x.sum().backward({ accumulate: true });
    expect(x.grad!.toArray()).toEqual([5, 5]);
  });

  test("leaves gradients of tensors the loss does not depend on alone", () => {
    const [x, y] = [leaf(1), leaf(2)];
    y.backward();
    x.mul(2).backward();
    expect([x.grad!.item(), y.grad!.item()]).toEqual([2, 1]);
  });

  test("gives intermediates a gradient only on request", () => {
    const x = leaf([1, 2]);
    const h = x.mul(3);
    const r = h.square().retainGrad();
    r.sum().backward();
    expect(h.grad).toBeNull();
    expect(r.grad!.toArray()).toEqual([1, 1]);
    expect(x.grad!.toArray()).toEqual([18, 36]);
  });

  test("takes a gradient for other than single numbers", () => {
    const x = leaf([1, 2]);
    const given = tensor([10, 100]);
    x.square().backward({ gradient: given });
    expect(x.grad!.toArray()).toEqual([20, 400]);
    expect(given.toArray()).toEqual([10, 100]);
    expect(() => x.square().backward({ gradient: tensor([1, 2, 3]) })).toThrow(
      "backward: the given gradient is [3], the tensor is [2]; they must be equal",
    );
  });

  test("differentiates chains of 20,000 operations without recursion", () => {
    const x = leaf(1);
    let y = x.mul(1);
    for (let i = 0; i < 20_000; i++) y = y.add(x);
    y.backward();
    expect(x.grad!.item()).toBe(20_001);
  });

  test("works through graphs whose paths double at every level", () => {
    const x = leaf(1);
    let y = x.mul(1);
    for (let i = 0; i < 40; i++) y = y.add(y);
    y.backward();
    expect(x.grad!.item()).toBe(2 ** 40);
  });

  test("reduces over broadcast dimensions", () => {
    const [row, column, scalar] = [leaf([1, 2, 3]), ones([2, 1], { requiresGrad: true }), leaf(2)];
    row.mul(column).mul(scalar).sum().backward();
    expect(row.grad!.toArray()).toEqual([4, 4, 4]);
    expect(column.grad!.toArray()).toEqual([[12], [12]]);
    expect(scalar.grad!.item()).toBe(12);
  });

  test("computes no gradient for operands that want none", () => {
    const [x, w] = [randn([4, 3]), randn([3, 2], { requiresGrad: true })];
    x.matmul(w).sum().backward();
    expect(x.grad).toBeNull();
    expect(w.grad!.shape).toEqual([3, 2]);
  });
});

describe("backward refuses, and says what to do,", () => {
  test("other than a single number", () => {
    expect(() => leaf([1, 2]).mul(2).backward()).toThrow(
      "backward: starts from a single number (a loss), this tensor is [2]. Reduce it with .mean() or .sum()",
    );
  });

  test("tensors without a graph", () => {
    for (const loss of [tensor(1), noGrad(() => leaf(1).mul(2)), leaf(1).detach().mul(2)])
      expect(() => loss.backward()).toThrow(
        /does not depend on any tensor with requiresGrad.*noGrad.*detach/,
      );
  });

  test("a graph that was differentiated already, in whole or in part", () => {
    const x = leaf(2);
    const h = x.square();
    const loss = h.mul(3);
    loss.backward();
    const message = /a mul that backward\(\) number \d+ has already differentiated.*retainGraph/;
    expect(() => loss.backward()).toThrow(message);
    expect(() => h.add(1).backward()).toThrow(/through a square that backward\(\) number/);
    const again = x.square();
    again.backward({ retainGraph: true });
    again.backward();
    expect(x.grad!.item()).toBe(4);
  });

  test("a graph whose parameter an optimiser changed", () => {
    const w = leaf([1, 2]);
    const optimizer = optim.sgd([w], { lr: 0.1 });
    const early = w.square().sum();
    w.sum().backward();
    optimizer.step();
    expect(() => early.backward()).toThrow(
      /an operand of square was changed in place \(by an optimiser's step\?\)/,
    );
    expect(w.toArray()).toEqual([Math.fround(0.9), Math.fround(1.9)]);
  });

  test("requiresGrad on whole numbers and on computed tensors", () => {
    expect(() => tensor([1, 2], { dtype: "int32", requiresGrad: true })).toThrow(
      /only float tensors have gradients, this one is int32/,
    );
    const y = leaf(1).mul(2);
    expect(() => {
      y.requiresGrad = false;
    }).toThrow("requiresGrad: this tensor was computed by mul; use .detach()");
  });

  test("a gradient of the wrong shape by hand", () => {
    expect(() => {
      leaf([1, 2]).grad = tensor([1]);
    }).toThrow("grad: the gradient of a tensor [2] has that shape, got [1]");
  });

  test("and an interrupted backward leaves the leaves as they were", () => {
    const x = leaf(2);
    x.square().backward();
    const flag = new Int32Array(new SharedArrayBuffer(4));
    const interrupting: Primitive = {
      name: "interrupting",
      shape: ([a]) => a!.shape,
      forward: (backend, [a], out) => {
        backend.copy(a!.storage, out.storage);
        return null;
      },
      backward: (g) => {
        flag[0] = 1;
        return [g.mul(2)];
      },
    };
    const loss = run(interrupting, [x.mul(3)], undefined);
    setInterruptFlag(flag);
    try {
      expect(() => loss.backward()).toThrow(expect.objectContaining({ name: "KeyboardInterrupt" }));
    } finally {
      setInterruptFlag(null);
    }
    expect(x.grad!.item()).toBe(4);
    expect(flag[0]).toBe(0);
    expect(x.mul(2).item()).toBe(4);
  });
});

describe("the graph", () => {
  test("knows operations, operands, names", () => {
    const [w, x] = [leaf([1, 2]).named("w"), tensor([3, 4])];
    const y = w.mul(x).named("y");
    expect([y.op, y.label, y.isLeaf, y.requiresGrad]).toEqual(["mul", "y", false, true]);
    expect(y.inputs[0]).toBe(w);
    expect(y.inputs[1]).toBe(x);
    expect([w.op, w.inputs.length, w.isLeaf]).toEqual([null, 0, true]);
    expect(x.mul(2).op).toBeNull();
  });

  test("is not recorded under noGrad, nor for detached tensors", () => {
    const x = leaf(2);
    expect(noGrad(() => x.mul(2)).requiresGrad).toBe(false);
    expect(x.detach().mul(2).requiresGrad).toBe(false);
    expect(x.detach().toArray()).toBe(2);
  });
});

describe("noGrad", () => {
  test("nests, with enableGrad inside", () => {
    noGrad(() => {
      expect(isGradEnabled()).toBe(false);
      enableGrad(() => {
        expect(isGradEnabled()).toBe(true);
        noGrad(() => expect(isGradEnabled()).toBe(false));
        expect(isGradEnabled()).toBe(true);
      });
      expect(isGradEnabled()).toBe(false);
    });
    expect(isGradEnabled()).toBe(true);
  });

  test("ends when its function throws", () => {
    expect(() =>
      noGrad(() => {
        throw new Error("inside");
      }),
    ).toThrow("inside");
    expect(isGradEnabled()).toBe(true);
  });

  test("lasts until an async function settles, in whatever order several do", async () => {
    const wait = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
    const first = noGrad(async () => {
      await wait(5);
      return isGradEnabled();
    });
    const second = noGrad(async () => {
      await wait(15);
      return isGradEnabled();
    });
    expect(await first).toBe(false);
    expect(isGradEnabled()).toBe(false);
    expect(await second).toBe(false);
    expect(isGradEnabled()).toBe(true);
    await expect(noGrad(async () => Promise.reject(new Error("late")))).rejects.toThrow("late");
    expect(isGradEnabled()).toBe(true);
  });
});

describe("gradients", () => {
  test("gives gradients without touching .grad, null for strangers", () => {
    const [x, y, z] = [leaf(3), leaf(2), leaf(1)];
    const h = x.square();
    const found = gradients(h.mul(y), [x, h, y, z]);
    expect(found.map((g) => g?.item() ?? null)).toEqual([12, 2, 9, null]);
    expect(x.grad).toBeNull();
  });

  test("can be differentiated with createGraph, again and again", () => {
    const x = leaf(2);
    const derivatives: number[] = [];
    let y: Tensor = x.pow(4);
    for (let order = 1; order <= 4; order++) {
      y = gradients(y, [x], { createGraph: true })[0]!;
      derivatives.push(y.item());
    }
    expect(derivatives).toEqual([32, 48, 48, 24]);
  });
});

describe("checkGradient", () => {
  const wrong = defineOp<[x: Tensor]>(
    { name: "wrong", formula: "y = x², with 3x for 2x", samples: () => [], mistakes: () => [] },
    (x) =>
      run(
        {
          name: "wrong",
          shape: ([a]) => a!.shape,
          forward: (backend, [a], out) => {
            backend.unary("square", a!.storage, out.storage);
            return null;
          },
          backward: (g, _y, [a]) => [g.mul(a!).mul(3)],
        } satisfies Primitive,
        [x],
        undefined,
      ),
  );

  test("finds a wrong gradient and says where", () => {
    const x = tensor(
      [
        [0, 0.1],
        [0, 2],
      ],
      { dtype: "float64", requiresGrad: true },
    );
    const check = checkGradient((a) => wrong(a!), [x]);
    expect(check.ok).toBe(false);
    expect([check.input, check.index]).toEqual([0, [1, 1]]);
    const [{ shape, name, analytic, numeric, errors }] = check.inputs as [CheckedInput];
    expect([shape, name]).toEqual([[2, 2], null]);
    expect([analytic[3], numeric[3]]).toEqual([check.analytic, check.numeric]);
    expect(Math.max(...errors)).toBe(check.worst);
    expect(errors.map((error) => error <= check.tolerance)).toEqual([true, false, true, false]);
    expect(`${check}`).toMatch(
      /gradient WRONG; worst at input 0\[1, 1\]: backward\(\) gives .*, the central difference/,
    );
    expect(x.toArray()).toEqual([
      [0, 0.1],
      [0, 2],
    ]);
  });

  test("passes a right one in float32 too", () => {
    const x = randn([5], { requiresGrad: true });
    expect(checkGradient((a) => a!.tanh().sum(), [x]).ok).toBe(true);
  });

  test("needs an input with requiresGrad", () => {
    expect(() => checkGradient((a) => a!, [tensor(1)])).toThrow(GradientError);
  });
});
