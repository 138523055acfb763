import { afterEach, describe, expect, it } from "vitest";
import { ones, randn, tensor, zeros } from "../../../engine/creation.ts";
import { noGrad } from "../../../engine/gradmode.ts";
import * as nn from "../../../engine/nn/index.ts";
import { seed } from "../../../engine/random.ts";
import type { Tensor } from "../../../engine/tensor.ts";

afterEach(() => {
  seed(0);
});

class Net extends nn.Module {
  conv = nn.conv2d(1, 6, 5);
  fc = nn.linear(6 * 24 * 24, 10);

  forward(x: Tensor): Tensor {
    return this.fc(this.conv(x).relu().flatten(1));
  }
}

class Classifier extends nn.Module {
  features = nn.sequential(nn.conv2d(1, 4, 3), nn.relu(), nn.maxPool2d(2), nn.flatten());
  classifier = nn.sequential(nn.linear(400, 120), nn.relu(), nn.linear(120, 10));

  forward(x: Tensor): Tensor {
    return this.classifier(this.features(x));
  }
}

describe("a module", () => {
  it("is called like a function and through forward, with the same result", () => {
    const net = new Net();
    const x = randn([2, 1, 28, 28]);
    expect(net(x).shape).toEqual([2, 10]);
    expect(net(x).toArray()).toEqual(net.forward(x).toArray());
  });

  it("is an instance of its class and of Module, and of no other", () => {
    const net = new Net();
    expect(net).toBeInstanceOf(Net);
    expect(net).toBeInstanceOf(nn.Module);
    expect(net).not.toBeInstanceOf(nn.Linear);
    expect(net.constructor.name).toBe("Net");
  });

  it("lets students name a field as a function's own properties, and has private fields", () => {
    class Named extends nn.Module {
      override name: string;
      override length = 3;
      #secret = 7;
      constructor(name: string) {
        super();
        this.name = name;
      }
      forward(x: Tensor): Tensor {
        return x.mul(this.#secret);
      }
    }
    const named = new Named("my net");
    expect([named.name, named.length]).toEqual(["my net", 3]);
    expect(named(tensor([1, 2])).toArray()).toEqual([7, 14]);
  });

  it("takes several inputs and gives any output when its type says so", () => {
    class Both extends nn.Module<[Tensor, Tensor], { sum: Tensor; product: Tensor }> {
      forward(a: Tensor, b: Tensor): { sum: Tensor; product: Tensor } {
        return { sum: a.add(b), product: a.mul(b) };
      }
    }
    const { sum, product } = new Both()(tensor([1, 2]), tensor([3, 4]));
    expect([sum.toArray(), product.toArray()]).toEqual([
      [4, 6],
      [3, 8],
    ]);
  });

  it("makes layers by functions, with or without new", () => {
    expect(nn.linear(2, 3)).toBeInstanceOf(nn.Linear);
    expect(Reflect.construct(nn.linear, [2, 3])).toBeInstanceOf(nn.Linear);
    expect(new nn.Linear(2, 3)).toBeInstanceOf(nn.Linear);
    expect(() => Reflect.apply(nn.Linear, undefined, [2, 3])).toThrow(/cannot be invoked without 'new'/);
  });
});

describe("parameters", () => {
  it("are found through nested modules, arrays, maps and plain objects, with their paths", () => {
    class Deep extends nn.Module {
      blocks = [nn.linear(2, 3), nn.linear(3, 2, { bias: false })];
      heads = { a: nn.linear(2, 1), deeper: { b: [nn.linear(2, 1, { bias: false })] } };
      byName = new Map([["first", nn.linear(1, 1, { bias: false })]]);
      scale = nn.parameter(ones([2]));
      own = tensor([1, 2], { requiresGrad: true });
      label = "not a parameter";
      constant = tensor([5]);
      forward(x: Tensor): Tensor {
        return x;
      }
    }
    const paths = new Deep().namedParameters().map(([path]) => path);
    expect(paths.sort()).toEqual([
      "blocks.0.bias",
      "blocks.0.weight",
      "blocks.1.weight",
      "byName.first.weight",
      "heads.a.bias",
      "heads.a.weight",
      "heads.deeper.b.0.weight",
      "own",
      "scale",
    ]);
  });

  it("are counted once when shared, and cycles end", () => {
    class Shared extends nn.Module {
      a = nn.linear(4, 4);
      b = this.a;
      tied = [this.a.weight];
      self = this;
      forward(x: Tensor): Tensor {
        return this.b(this.a(x));
      }
    }
    const shared = new Shared();
    expect(shared.parameterCount).toBe(20);
    expect(shared.parameters()).toHaveLength(2);
    expect(shared.namedModules().map(([path]) => path)).toEqual(["", "a"]);
  });

  it("do not include computed tensors that forward stored in a field, buffers, or constants", () => {
    class Memo extends nn.Module {
      fc = nn.linear(2, 2);
      mean = nn.buffer(zeros([2]));
      hidden: Tensor | null = null;
      forward(x: Tensor): Tensor {
        this.hidden = this.fc(x);
        return this.hidden.sub(this.mean);
      }
    }
    const memo = new Memo();
    memo(ones([1, 2]));
    expect(memo.namedParameters().map(([path]) => path)).toEqual(["fc.weight", "fc.bias"]);
    expect(Object.keys(memo.stateDict())).toEqual(["mean", "fc.weight", "fc.bias"]);
    expect(memo.hidden?.shape).toEqual([1, 2]);
  });

  it("stay parameters when frozen", () => {
    const layer = nn.linear(2, 2);
    layer.weight.requiresGrad = false;
    expect(layer.parameterCount).toBe(6);
  });

  it("lose their gradients by zeroGrad", () => {
    const layer = nn.linear(2, 2);
    layer(ones([1, 2]))
      .sum()
      .backward();
    expect(layer.weight.grad).not.toBeNull();
    layer.zeroGrad();
    expect(layer.weight.grad).toBeNull();
  });
});

describe("modes", () => {
  it("reach every module inside", () => {
    const model = nn.sequential(nn.linear(2, 2), nn.sequential(nn.dropout(0.5)));
    const modes = (): boolean[] => model.namedModules().map(([, module]) => module.training);
    expect(model.eval()).toBe(model);
    expect(modes()).toEqual([false, false, false, false]);
    model.train();
    expect(modes()).toEqual([true, true, true, true]);
  });
});

describe("state", () => {
  it("is a copy that training does not change, and comes back", () => {
    const model = nn.sequential(nn.linear(3, 2), nn.relu(), nn.linear(2, 1));
    const state = model.stateDict();
    expect(Object.keys(state)).toEqual(["0.weight", "0.bias", "2.weight", "2.bias"]);
    const before = model.parameters().map((p) => p.toArray());
    for (const p of model.parameters()) nn.init.constant(p, 9);
    expect(state["0.bias"]?.toArray()).toEqual(before[1]);
    expect(model.loadStateDict(state)).toBe(model);
    expect(model.parameters().map((p) => p.toArray())).toEqual(before);
  });

  it("of another model is refused with every path that does not fit, and nothing is loaded", () => {
    const small = nn.sequential(nn.linear(3, 2), nn.linear(2, 1));
    const before = small.parameters().map((p) => p.toArray());
    const state: Record<string, Tensor> = {
      ...nn.sequential(nn.linear(3, 2), nn.linear(4, 1)).stateDict(),
      extra: ones([1]),
    };
    delete state["0.bias"];
    expect(() => small.loadStateDict(state)).toThrow(
      /0\.bias \[2\] is missing[\s\S]*1\.weight has shape \[1, 2\], the state has \[1, 4\][\s\S]*extra is not in this model/,
    );
    expect(small.parameters().map((p) => p.toArray())).toEqual(before);
  });

  it("that was loaded is noticed by a graph that used the old values", () => {
    const layer = nn.linear(2, 1);
    const x = tensor([[1, 2]], { requiresGrad: true });
    const loss = layer(x).sum();
    layer.loadStateDict(nn.linear(2, 1).stateDict());
    expect(() => loss.backward()).toThrow(/changed in place/);
  });
});

describe("printing", () => {
  it("is one line for a layer and a tree for a model", () => {
    expect(String(nn.linear(784, 128))).toBe("Linear(784 → 128), 100,480 parameters");
    expect(String(nn.conv2d(1, 6, 5, { padding: 2 }))).toBe(
      "Conv2d(1 → 6, kernel 5×5, padding 2), 156 parameters",
    );
    expect(String(nn.relu())).toBe("ReLU");
    expect(String(nn.maxPool2d(2))).toBe("MaxPool2d(2×2)");
    expect(String(new Classifier())).toBe(
      [
        "Classifier, 49,370 parameters",
        "  features: Sequential, 40 parameters",
        "    0: Conv2d(1 → 4, kernel 3×3), 40 parameters",
        "    1: ReLU",
        "    2: MaxPool2d(2×2)",
        "    3: Flatten",
        "  classifier: Sequential, 49,330 parameters",
        "    0: Linear(400 → 120), 48,120 parameters",
        "    1: ReLU",
        "    2: Linear(120 → 10), 1,210 parameters",
      ].join("\n"),
    );
  });
});

describe("memory", () => {
  it("what forward makes and does not return goes with backward, at once under noGrad, unless kept", () => {
    const interior: Tensor[] = [];
    class Wide extends nn.Module {
      fc = nn.linear(2, 2000);
      forward(x: Tensor): Tensor {
        const hidden = this.fc(x);
        const kept = hidden.tanh().keep();
        interior.push(hidden, kept);
        return kept.mul(2);
      }
    }
    const wide = new Wide();
    const recycled = (): boolean[] => interior.splice(0).map((tensor) => tensor.isRecycled);
    const y = noGrad(() => wide(ones([1, 2])));
    expect(recycled()).toEqual([true, false]);
    expect(y.isRecycled).toBe(false);
    wide(ones([1, 2]))
      .sum()
      .backward();
    expect(() => interior[0]!.toArray()).toThrow(/made by linear|made by add/);
    expect(recycled()).toEqual([true, false]);
  });
});

describe("trace", () => {
  it("records the leaf layers in order, with shapes and outputs that stay", () => {
    const model = new Classifier();
    const x = randn([1, 1, 22, 22]);
    const trace = model.trace(x);
    expect(trace.map(({ path, outputShape }) => [path, ...outputShape].join(" "))).toEqual([
      "features.0 1 4 20 20",
      "features.1 1 4 20 20",
      "features.2 1 4 10 10",
      "features.3 1 400",
      "classifier.0 1 120",
      "classifier.1 1 120",
      "classifier.2 1 10",
    ]);
    expect(trace[4]).toMatchObject({ inputShape: [1, 400], parameterCount: 48120 });
    for (let step = 0; step < 4; step++) model(x).sum().backward();
    expect(trace.at(-1)!.output.toArray()).toEqual(noGrad(() => model(x)).toArray());
    expect(trace.every(({ output }) => output.toTypedArray().length > 0)).toBe(true);
  });

  it("leaves the modes as they were, evaluates, and records nothing afterwards", () => {
    const model = nn.sequential(nn.dropout(0.9), nn.linear(50, 1));
    model.at(1).eval();
    const trace = model.trace(ones([1, 50]));
    expect(trace[0]?.output.toArray()).toEqual(ones([1, 50]).toArray());
    expect([model.training, model.at(0).training, model.at(1).training]).toEqual([true, true, false]);
    model(ones([1, 50]));
    expect(trace).toHaveLength(2);
  });

  it("of a leaf is that leaf", () => {
    expect(
      nn
        .linear(2, 3)
        .trace(ones([1, 2]))
        .map(({ path }) => path),
    ).toEqual([""]);
  });
});

describe("what students do wrong", () => {
  it("a wrong shape names the layer's path in its model, what it expected and what to do", () => {
    expect(() => new Classifier()(randn([64, 1, 18, 18]))).toThrow(
      "Classifier.classifier.0 (Linear 400 → 120): expected [N, 400], got [64, 256]; make this layer nn.linear(256, 120), or give the layer before it 400 outputs",
    );
    expect(() => new Net()(randn([2, 28, 28]))).toThrow(
      "Net.conv (Conv2d 1 → 6, kernel 5×5): expected [N, 1, H, W], got [2, 28, 28]; grey images need the channel dimension: x.unsqueeze(1)",
    );
    expect(() => nn.linear(400, 10)(randn([64, 16, 5, 5]))).toThrow(
      "Linear(400 → 10): expected [N, 400], got [64, 16, 5, 5]; flatten each sample first: nn.flatten() before this layer, or x.flatten(1)",
    );
  });

  it("the error's stack carries the same message", () => {
    try {
      new Classifier()(randn([64, 1, 18, 18]));
    } catch (error) {
      expect(String((error as Error).stack)).toContain("Classifier.classifier.0 (Linear 400 → 120)");
      return;
    }
    expect.unreachable();
  });

  it("a student's own error in forward keeps its message", () => {
    class Broken extends nn.Module {
      forward(_x: Tensor): Tensor {
        throw new Error("mine");
      }
    }
    expect(() => nn.sequential(new Broken())(ones([1]))).toThrow(/^mine$/);
  });

  it("arrays, numbers, batches, promises and data sets instead of tensors", () => {
    const layer = nn.linear(2, 1);
    const call = (input: unknown) => () => Reflect.apply(layer, undefined, [input]);
    expect(call([[1, 2]])).toThrow(
      "Linear(2 → 1): the input must be a Tensor, got an array of 1 × 2 numbers; make it one with tensor(…)",
    );
    expect(call(5)).toThrow(/got 5; make it one with tensor/);
    expect(call(new Float32Array(2))).toThrow(/Float32Array.*tensor\(…\)/);
    expect(call([ones([1, 2]), ones([1])])).toThrow(/take it apart: for \(const \[x, y\] of loader\)/);
    expect(call(Promise.resolve(1))).toThrow(/await/);
    expect(call({ images: ones([1]) })).toThrow(/dataset\.images/);
    expect(call("cat")).toThrow(/the string "cat"/);
    expect(() => Reflect.apply(layer, undefined, [])).toThrow(/nothing \(undefined\)/);
  });

  it("a missing forward, a missing return, an async forward", () => {
    const make = new Function("Module", "return class Empty extends Module {}");
    const Empty: new () => nn.Module = make(nn.Module);
    expect(() => new Empty()(ones([1]))).toThrow(
      "Empty has no forward: write forward(x: Tensor) { return … } in the class",
    );
    class Silent extends nn.Module<[Tensor], void> {
      forward(x: Tensor): void {
        x.relu();
      }
    }
    expect(() => new Silent()(ones([1]))).toThrow("Silent.forward returned nothing: end it with return …");
    class Later extends nn.Module<[Tensor], Promise<Tensor>> {
      async forward(x: Tensor): Promise<Tensor> {
        return x;
      }
    }
    expect(() => new Later()(ones([1]))).toThrow(/Later\.forward is async; .* remove async and await/);
  });

  it("a constructor without super()", () => {
    const make = new Function("Module", "return class Net extends Module { constructor() { this.a = 1; } }");
    const Forgetful: new () => unknown = make(nn.Module);
    expect(() => new Forgetful()).toThrow(/super/);
  });

  it("sequential of a class, of a function without its brackets, of nothing at all", () => {
    const make = (item: unknown) => () => Reflect.apply(nn.sequential, undefined, [nn.linear(1, 1), item]);
    expect(make(nn.relu)).toThrow(
      "sequential: layer 1 must be a module, got the function relu; call it: its result is the layer",
    );
    expect(make(Net)).toThrow(
      "sequential: layer 1 must be a module, got the class Net; make an instance of it with new",
    );
    expect(make(undefined)).toThrow(/layer 1 must be a module, got nothing/);
  });

  it("sizes that are no sizes", () => {
    expect(() => nn.linear(0, 3)).toThrow("linear: inFeatures must be a whole number ≥ 1, got 0");
    expect(() => nn.linear(2.5, 3)).toThrow(/inFeatures .* got 2\.5/);
    expect(() => Reflect.apply(nn.linear, undefined, [3])).toThrow(/outFeatures .* got undefined/);
    expect(() => nn.conv2d(1, 6, -5)).toThrow(/kernelSize must be a whole number ≥ 1 or a pair/);
    expect(() => nn.conv2d(3, 6, 5, { groups: 2 })).toThrow(
      /2 groups must divide both 3 input and 6 output channels/,
    );
    expect(() => nn.conv2d(3, 6, 5, { padding: "same", stride: 2 })).toThrow(/"same" keeps the size/);
    expect(() => nn.dropout(2)).toThrow(/between 0 and 1, got 2/);
  });
});
