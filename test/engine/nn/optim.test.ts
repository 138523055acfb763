import { describe, expect, it } from "vitest";
import { ones, tensor } from "../../../engine/creation.ts";
import * as nn from "../../../engine/nn/index.ts";
import * as optim from "../../../engine/optim/index.ts";
import type { Tensor } from "../../../engine/tensor.ts";

describe("a step", () => {
  it("leaves frozen parameters alone", () => {
    const layer = nn.linear(2, 1);
    const before = layer.weight.toArray();
    const optimizer = optim.sgd(layer.parameters(), { lr: 1, weightDecay: 1 });
    layer.weight.requiresGrad = false;
    layer(ones([1, 2]))
      .sum()
      .backward();
    optimizer.step();
    expect(layer.weight.toArray()).toEqual(before);
  });

  it("changes a parameter that is given twice only once", () => {
    const w = nn.parameter(tensor([1]));
    const optimizer = optim.sgd([w, w], { lr: 0.5 });
    w.sum().backward();
    optimizer.step();
    expect(w.item()).toBe(0.5);
  });

  it("between forward and backward is noticed", () => {
    const w = nn.parameter(tensor([2]));
    const optimizer = optim.sgd([w], { lr: 0.1 });
    w.square().sum().backward();
    const loss = w.square().sum();
    optimizer.step();
    expect(() => loss.backward()).toThrow(/changed in place \(by an optimiser's step/);
  });

  it("does not mark gradients as read by the user", () => {
    const w = nn.parameter(ones([2000]));
    const optimizer = optim.sgd([w], { lr: 0.1 });
    w.square().sum().backward();
    optimizer.step();
    expect(w.gradient?.holding.seen).toBe(false);
  });

  it("zeroGrad forgets gradients", () => {
    const w = nn.parameter(tensor([2]));
    w.square().sum().backward();
    optim.sgd([w], { lr: 0.1 }).zeroGrad();
    expect(w.grad).toBeNull();
  });
});

describe("what students do wrong", () => {
  const w = (): Tensor => nn.parameter(tensor([1, 2]));

  it("step without backward", () => {
    expect(() => optim.sgd([w()], { lr: 0.1 }).step()).toThrow(
      "sgd: no parameter has a gradient; call loss.backward() before step()",
    );
  });

  it("a parameter that the loss does not use", () => {
    const used = w();
    const idle = w().named("idle");
    const optimizer = optim.adam([used, idle]);
    used.sum().backward();
    expect(() => optimizer.step()).toThrow(
      /adam: parameter 1 \(idle \[2\]\) got no gradient from backward\(\): the loss does not depend on it; .*requiresGrad = false/,
    );
    expect(used.toArray()).toEqual([1, 2]);
  });

  it("no parameters, the model, its method, no array, plain numbers", () => {
    const model = nn.linear(2, 1);
    const make = (input: unknown) => () => Reflect.apply(optim.sgd, undefined, [input, { lr: 0.1 }]);
    expect(make([])).toThrow(/there are no parameters to train; are the layers fields of the model/);
    expect(make(model)).toThrow(
      "sgd: expected the model's parameters, got the model; write model.parameters()",
    );
    expect(make(model.parameters)).toThrow(/got a function; call it: model\.parameters\(\)/);
    expect(make(undefined)).toThrow(/got nothing \(undefined\); write model\.parameters\(\) or \[w, b\]/);
    expect(make([1, 2])).toThrow(/parameter 0 must be a Tensor, got 1/);
  });

  it("a computed tensor, a tensor that requires no gradient", () => {
    expect(() => optim.sgd([w().mul(2)], { lr: 1 })).toThrow(/parameter 0 \[2\] is the result of mul/);
    expect(() => optim.sgd([tensor([1])], { lr: 1 })).toThrow(
      /parameter 0 \[1\] does not require a gradient; write nn\.parameter\(x\)/,
    );
  });

  it("a negative, missing or textual learning rate, also later", () => {
    expect(() => optim.sgd([w()], { lr: -0.1 })).toThrow(
      "sgd: lr (the learning rate) must be a number ≥ 0, got -0.1",
    );
    expect(() => Reflect.apply(optim.sgd, undefined, [[w()]])).toThrow(/lr .* got undefined/);
    expect(() => Reflect.apply(optim.sgd, undefined, [[w()], { lr: "0.1" }])).toThrow(
      /got the string "0\.1"/,
    );
    const optimizer = optim.adam([w()]);
    expect(() => {
      optimizer.lr = Number.NaN;
    }).toThrow(/adam: lr .* got NaN/);
    expect(optimizer.lr).toBe(0.001);
  });

  it("momentum, betas and weight decay out of range", () => {
    expect(() => optim.sgd([w()], { lr: 1, momentum: 1 })).toThrow(
      /momentum must be a number from 0 to below 1, got 1/,
    );
    expect(() => optim.sgd([w()], { lr: 1, weightDecay: -1 })).toThrow(/weightDecay must be a number ≥ 0/);
    expect(() => optim.adam([w()], { betas: [0.9, 1.2] })).toThrow(/betas\[1\].* got 1\.2/);
  });

  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    it(`a gradient with ${bad} in it changes no parameter at all`, () => {
      const first = w();
      const second = w().named("second");
      const optimizer = optim.adam([first, second]);
      first.grad = tensor([1, 1]);
      second.grad = tensor([1, bad]);
      expect(() => optimizer.step()).toThrow(
        /gradient of parameter 1 \(second \[2\]\) contains NaN or infinity at step 1; no parameter was changed\. Lower the learning rate \(now 0\.001\)/,
      );
      expect([first.toArray(), second.toArray(), optimizer.stepCount]).toEqual([[1, 2], [1, 2], 0]);
    });
  }
});

describe("printing", () => {
  it("says what it does", () => {
    const layer = nn.linear(784, 10);
    expect(String(optim.sgd(layer.parameters(), { lr: 0.1, momentum: 0.9 }))).toBe(
      "Sgd(lr 0.1, momentum 0.9), 7,850 parameters, 0 steps",
    );
    expect(String(optim.adam(layer.parameters()))).toBe(
      "Adam(lr 0.001, betas 0.9 and 0.999), 7,850 parameters, 0 steps",
    );
  });
});
