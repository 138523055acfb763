/** Hooks on tensors and modules: what they see, what they may replace, how they end, and that they hold no memory. */
import { beforeEach, describe, expect, test } from "vitest";
import { setBackend } from "../../engine/backend/current.ts";
import { referenceBackend } from "../../engine/backend/reference.ts";
import {
  full,
  GradientError,
  gradients,
  nn,
  noGrad,
  ones,
  randn,
  ShapeError,
  scope,
  type Tensor,
  tensor,
} from "../../engine/index.ts";
import { setLivenessProbe, sweep } from "../../engine/memory.ts";
import { startOnNode } from "../../engine/node.ts";

setBackend(referenceBackend);

const leaf = (value: number | number[]) => tensor(value, { requiresGrad: true });

describe("a hook on a tensor", () => {
  test("sees the whole gradient, once, of leaves and of computed tensors", () => {
    const x = leaf([1, 2]);
    const seen: unknown[] = [];
    x.registerHook((gradient) => seen.push(["x", gradient.toArray()]));
    const h = x.square();
    h.registerHook((gradient) => seen.push(["h", gradient.toArray()]));
    h.mul(2).add(h).sum().backward();
    expect(seen).toEqual([
      ["h", [3, 3]],
      ["x", [6, 12]],
    ]);
    expect(x.grad!.toArray()).toEqual([6, 12]);
  });

  test("may replace it: for .grad, for what lies below, for the next hook", () => {
    const x = leaf([1, 2]);
    const h = x.mul(3).retainGrad();
    h.registerHook((gradient) => gradient.mul(10));
    h.registerHook((gradient) => gradient.add(1));
    h.sum().backward();
    expect(h.grad!.toArray()).toEqual([11, 11]);
    expect(x.grad!.toArray()).toEqual([33, 33]);
    x.registerHook((gradient) => gradient);
    x.registerHook(() => ones([2]));
    x.mul(3).sum().backward();
    expect(x.grad!.toArray()).toEqual([1, 1]);
  });

  test("also in gradients(…), and with createGraph part of the graph", () => {
    const x = leaf(3);
    x.registerHook((gradient) => gradient.mul(gradient));
    const [slope] = gradients(x.square(), [x], { createGraph: true }); // (2x)²
    expect(slope!.item()).toBe(36);
    slope!.backward();
    expect(x.grad!.item()).toBe(24 * 24);
  });

  test("is called until it is removed, the others on", () => {
    const x = leaf(1);
    const calls: string[] = [];
    const a = x.registerHook(() => calls.push("a"));
    const b = x.registerHook(() => calls.push("b"));
    x.mul(2).backward();
    a.remove();
    a.remove();
    x.mul(2).backward();
    b.remove();
    x.mul(2).backward();
    expect(calls).toEqual(["a", "b", "b"]);
  });

  test("what it stores can be read until two graphs later, small ones for good", () => {
    const x = full([2000], 1);
    x.requiresGrad = true;
    const stored: Tensor[] = [];
    x.registerHook((gradient) => {
      stored.push(gradient, gradient.mul(2), gradient.sum());
    });
    const step = () => x.mul(3).sum().backward();
    step();
    expect(stored.map((tensor) => tensor.sum().item())).toEqual([6000, 12000, 6000]);
    step();
    step();
    expect(() => stored[0]!.sum()).toThrow(/was recycled: backward\(\) number \d+ differentiated it/);
    expect(stored[2]!.item()).toBe(6000);
    expect(x.grad!.sum().item()).toBe(6000);
  });

  test("refuses, and says what to do", () => {
    expect(() => tensor(1).registerHook(() => {})).toThrow(GradientError);
    expect(() => tensor(1).registerHook(() => {})).toThrow(
      /registerHook: this tensor has no gradient.*requiresGrad: true/,
    );
    const bypass: { registerHook(hook: unknown): void } = leaf(1);
    expect(() => bypass.registerHook(3)).toThrow(/expected a function of the gradient.*got 3/);
    const x = leaf([1, 2]);
    const handle = x.registerHook((gradient) => gradient.sum());
    expect(() => x.sum().backward()).toThrow(ShapeError);
    expect(() => x.sum().backward()).toThrow(
      "registerHook: the hook was given a gradient [2] and returned []; they must be equal",
    );
    handle.remove();
    x.registerHook(async () => {});
    expect(() => x.sum().backward()).toThrow(
      /a hook returns the gradient to go on with, or nothing; it returned a promise/,
    );
    expect(x.grad).toBeNull();
  });
});

const net = () => nn.sequential(nn.linear(2, 3), nn.relu(), nn.linear(3, 1));

describe("a forward hook on a module", () => {
  test("sees inputs and output, and may replace the output", () => {
    const layer = nn.linear(2, 1);
    const x = randn([4, 2]);
    const seen: Tensor[] = [];
    const watching = layer.registerForwardHook((module, inputs, output) => {
      expect(module).toBe(layer);
      expect(inputs[0]).toBe(x);
      seen.push(output);
    });
    const y = layer(x);
    expect(seen[0]).toBe(y);
    watching.remove();
    const replacing = layer.registerForwardHook((_module, _inputs, output) => output.mul(0).add(7));
    expect(layer(x).toArray()).toEqual([[7], [7], [7], [7]]);
    replacing.remove();
    expect(layer(x).toArray()).toEqual(y.toArray());
    expect(seen.length).toBe(1);
  });

  test("may keep what it is shown, of layers inside a model too, with gradients and without", () => {
    const model = net();
    const stored: Tensor[] = [];
    model.children[1]!.registerForwardHook((_module, inputs, output) => {
      stored.push(...inputs);
      if (output instanceof Object && "sum" in output) stored.push(output as Tensor);
    });
    const x = full([2000, 2], 0.5);
    noGrad(() => model(x));
    expect(stored.map((tensor) => tensor.toTypedArray().length)).toEqual([6000, 6000]);
    const loss = model(x).sum();
    loss.backward();
    expect(stored.map((tensor) => tensor.isRecycled)).toEqual([false, false, false, false]);
    expect(scope(() => model(x).sum()).requiresGrad).toBe(true);
  });

  test("before forward may replace the inputs", () => {
    const layer = nn.relu();
    const handle = layer.registerForwardPreHook((_module, inputs) => inputs[0]!.neg());
    expect(layer(tensor([1, -2])).toArray()).toEqual([0, 2]);
    handle.remove();
    layer.registerForwardPreHook((_module, inputs) => [inputs[0]!, inputs[0]!]);
    expect(() => layer(tensor([1]))).toThrow(
      "registerForwardPreHook: ReLU has 1 input; the hook must return as many tensors, or nothing; it returned an array of 2 Tensors",
    );
    const bypass: { registerForwardHook(hook: unknown): void } = layer;
    expect(() => bypass.registerForwardHook("words")).toThrow(
      'registerForwardHook: a hook is a function, got the string "words"',
    );
  });
});

describe("a backward hook on a module", () => {
  test("sees the gradients of this call's inputs and output, also beside a residual path", () => {
    const scale = new (class Scale extends nn.Module {
      forward(x: Tensor): Tensor {
        return x.mul(3);
      }
    })();
    const seen: unknown[] = [];
    scale.registerBackwardHook((module, inputs, output) => {
      expect(module).toBe(scale);
      seen.push([inputs.map((gradient) => gradient!.toArray()), output.toArray()]);
    });
    const x = leaf([1, 2]);
    scale(x)
      .mul(tensor([1, 10]))
      .add(x)
      .sum()
      .backward();
    expect(seen).toEqual([[[[3, 30]], [1, 10]]]);
    expect(x.grad!.toArray()).toEqual([4, 31]);
  });

  test("may replace the input's gradient: guided backpropagation", () => {
    const relu = nn.relu();
    const handle = relu.registerBackwardHook((_module, inputs) => inputs[0]!.relu());
    const x = leaf([1, -1, 2]);
    relu(x)
      .mul(tensor([-1, 1, 1]))
      .sum()
      .backward();
    expect(x.grad!.toArray()).toEqual([0, 0, 1]);
    handle.remove();
    relu(x)
      .mul(tensor([-1, 1, 1]))
      .sum()
      .backward();
    expect(x.grad!.toArray()).toEqual([-1, 0, 1]);
  });

  test("is called once per backward(): first layers without input gradient, several inputs, kept graphs", () => {
    const model = net();
    const calls: (readonly number[] | null)[][] = [];
    model.children[0]!.registerBackwardHook((_module, inputs, output) => {
      calls.push([...inputs.map((gradient) => gradient?.shape ?? null), output.shape]);
    });
    const loss = model(randn([4, 2])).sum();
    loss.backward({ retainGraph: true });
    loss.backward();
    expect(calls).toEqual([
      [null, [4, 3]],
      [null, [4, 3]],
    ]);
    noGrad(() => model(randn([4, 2])));
    const pair = new (class Pair extends nn.Module<[Tensor, Tensor]> {
      forward(a: Tensor, b: Tensor): Tensor {
        return a.mul(b);
      }
    })();
    const seen: unknown[] = [];
    pair.registerBackwardHook(
      (_module, inputs) => void seen.push(inputs.map((gradient) => gradient!.item())),
    );
    pair(leaf(2), leaf(5)).backward();
    expect(seen).toEqual([[5, 2]]);
  });

  test("refuses what it cannot do", () => {
    const layer = nn.linear(2, 1);
    layer.registerBackwardHook((_module, _inputs, output) => output);
    expect(() =>
      layer(randn([4, 2]))
        .sum()
        .backward(),
    ).toThrow(/only the gradient of a single input can be replaced; Linear has an input without gradient/);
    const x = leaf([1, 2]);
    const relu = nn.relu();
    relu.registerBackwardHook((_module, inputs) => inputs[0]!.sum());
    expect(() => relu(x).sum().backward()).toThrow(
      "registerBackwardHook: the hook of ReLU returned [] for the input's gradient [2]; they must be equal",
    );
    const list = new (class Split extends nn.Module<[Tensor], Tensor[]> {
      forward(y: Tensor): Tensor[] {
        return [y, y];
      }
    })();
    list.registerBackwardHook(() => {});
    expect(() => list(x)).toThrow(
      "registerBackwardHook: watches modules that return one Tensor; Split returned an array of 2 Tensors",
    );
  });
});

describe("memory", () => {
  beforeEach(() => {
    startOnNode();
    setBackend(referenceBackend);
    return () => setLivenessProbe(null);
  });

  test("stays flat over 10,000 steps with hooks everywhere", { timeout: 120_000 }, () => {
    const model = nn.sequential(nn.linear(2, 40), nn.tanh(), nn.linear(40, 1));
    const x = randn([32, 2]);
    let last: Tensor | null = null;
    let norm = 0;
    for (const module of model.children) {
      module.registerForwardHook((_module, inputs) => {
        last = inputs[0]!;
      });
      module.registerBackwardHook((_module, _inputs, output) => {
        norm += output.norm().item();
        last = output;
      });
    }
    for (const parameter of model.parameters()) parameter.registerHook((gradient) => gradient.mul(0.9));
    const step = () => {
      const h = model(x);
      h.registerHook((gradient) => gradient.mul(2));
      h.square().mean().backward();
    };
    for (let i = 0; i < 100; i++) step();
    sweep();
    const settled = referenceBackend.bytesInUse;
    let highest = 0;
    for (let i = 0; i < 10_000; i++) {
      step();
      if (i % 50 === 0) highest = Math.max(highest, referenceBackend.bytesInUse);
    }
    sweep();
    expect(referenceBackend.bytesInUse).toBeLessThan(settled + 4096);
    expect(highest).toBeLessThan(settled + 2 * 2 ** 20);
    expect(norm).toBeGreaterThan(0);
    expect(last).not.toBeNull();
  });
});
