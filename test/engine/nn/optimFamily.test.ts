import { describe, expect, it } from "vitest";
import { ones, tensor } from "../../../engine/creation.ts";
import * as nn from "../../../engine/nn/index.ts";
import * as optim from "../../../engine/optim/index.ts";
import type { Tensor } from "../../../engine/tensor.ts";
import golden from "./golden/optimisers.json" with { type: "json" };
import { flat, wave } from "./wave.ts";

type Name = Exclude<keyof typeof golden, "torch">;

const makers: Record<Name, (parameters: Tensor[]) => optim.Optimizer> = {
  sgd: (p) => optim.sgd(p, { lr: 0.1 }),
  sgdWeightDecay: (p) => optim.sgd(p, { lr: 0.1, weightDecay: 0.3 }),
  sgdMomentum: (p) => optim.sgd(p, { lr: 0.05, momentum: 0.9 }),
  sgdMomentumWeightDecay: (p) => optim.sgd(p, { lr: 0.05, momentum: 0.8, weightDecay: 0.2 }),
  sgdNesterov: (p) => optim.sgd(p, { lr: 0.05, momentum: 0.9, nesterov: true }),
  sgdNesterovWeightDecay: (p) => optim.sgd(p, { lr: 0.05, momentum: 0.8, nesterov: true, weightDecay: 0.2 }),
  sgdGroups: (p) =>
    optim.sgd([{ parameters: p.slice(0, 1), lr: 0.01, momentum: 0.5 }, { parameters: p.slice(1) }], {
      lr: 0.1,
      weightDecay: 0.1,
    }),
  averagedMomentum: (p) => optim.averagedMomentum(p, { lr: 0.1, momentum: 0.9 }),
  averagedMomentumGroups: (p) =>
    optim.averagedMomentum(
      [{ parameters: p.slice(0, 1), lr: 0.3, momentum: 0.5 }, { parameters: p.slice(1) }],
      { lr: 0.1, momentum: 0.8 },
    ),
  adagrad: (p) => optim.adagrad(p, { lr: 0.1 }),
  adagradOptions: (p) => optim.adagrad(p, { lr: 0.2, weightDecay: 0.1, initialSum: 0.3, eps: 1e-3 }),
  rmsprop: (p) => optim.rmsprop(p, { lr: 0.02 }),
  rmspropOptions: (p) =>
    optim.rmsprop(p, { lr: 0.01, alpha: 0.8, eps: 1e-4, weightDecay: 0.1, momentum: 0.7 }),
  adam: (p) => optim.adam(p, { lr: 0.05 }),
  adamOptions: (p) => optim.adam(p, { lr: 0.02, betas: [0.7, 0.95], eps: 1e-4, weightDecay: 0.1 }),
  adamW: (p) => optim.adamW(p, { lr: 0.05 }),
  adamWOptions: (p) => optim.adamW(p, { lr: 0.02, betas: [0.7, 0.95], eps: 1e-4, weightDecay: 0.3 }),
  adagradGroups: (p) =>
    optim.adagrad(
      [
        { parameters: p.slice(0, 1), lr: 0.3, eps: 1e-2 },
        { parameters: p.slice(1), weightDecay: 0.2 },
      ],
      { lr: 0.1 },
    ),
  rmspropGroups: (p) =>
    optim.rmsprop(
      [
        { parameters: p.slice(0, 1), alpha: 0.7, momentum: 0.5 },
        { parameters: p.slice(1), lr: 0.005 },
      ],
      { lr: 0.02 },
    ),
  adamGroups: (p) =>
    optim.adam(
      [
        { parameters: p.slice(0, 1), lr: 0.01, betas: [0.5, 0.9] },
        { parameters: p.slice(1), weightDecay: 0.2 },
      ],
      { lr: 0.05 },
    ),
  adamWGroups: (p) =>
    optim.adamW(
      [
        { parameters: p.slice(0, 1), weightDecay: 0.5 },
        { parameters: p.slice(1), lr: 0.1, eps: 1e-3 },
      ],
      { lr: 0.05 },
    ),
};

const start = (): Tensor[] => [nn.parameter(wave([2, 3], 1, 0.9, 0.3)), nn.parameter(wave([4], 0.5, 1.1))];

function advance(optimizer: optim.Optimizer, step: number): void {
  optimizer.parameters.forEach((parameter, i) => {
    parameter.grad = wave(parameter.shape, 1 + 0.5 * step, 0.8, step + i);
  });
  optimizer.step();
}

describe("against PyTorch, over ten steps with a change of the learning rate", () => {
  for (const [name, make] of Object.entries(makers)) {
    it(name, () => {
      const parameters = start();
      const optimizer = make(parameters);
      golden[name as Name].forEach((expected, step) => {
        if (step === 6) optimizer.lr *= 0.5;
        advance(optimizer, step);
        parameters.forEach((parameter, i) => {
          flat(expected[i]).forEach((value, j) => {
            // Ten steps in float32: an error of 1e-5 relative to 1 or the value.
            expect(Math.abs(parameter.toTypedArray()[j]! - value)).toBeLessThan(1e-5 * (1 + Math.abs(value)));
          });
        });
      });
    });
  }
});

it("every optimizer is compared with PyTorch, in several settings", () => {
  const classes = Object.values(optim).filter(
    (value) => typeof value === "function" && value.prototype instanceof optim.Optimizer,
  );
  expect(classes.length).toBeGreaterThan(4);
  for (const { name } of classes) {
    const made = Object.values(makers).filter((make) => make(start()).constructor.name === name);
    expect(made.length, name).toBeGreaterThan(1);
  }
});

describe("groups", () => {
  it("follow the optimizer's learning rate in proportion, down to 0 and back", () => {
    const [a, b] = [nn.parameter(tensor([1])), nn.parameter(tensor([1]))];
    const optimizer = optim.sgd([{ parameters: [a], lr: 0.01 }, { parameters: [b] }], { lr: 0.1 });
    const step = (lr: number): void => {
      optimizer.lr = lr;
      a.grad = ones([1]);
      b.grad = ones([1]);
      optimizer.step();
    };
    step(0);
    expect([a.item(), b.item()]).toEqual([1, 1]);
    step(0.2);
    expect(a.item()).toBeCloseTo(0.98, 6);
    expect(b.item()).toBeCloseTo(0.8, 6);
    expect(String(optimizer)).toBe("Sgd(lr 0.2), 2 parameters in 2 groups, 2 steps");
  });

  it("refuse a parameter in two of them, settings that do not exist or are out of range", () => {
    const a = nn.parameter(tensor([1]));
    const b = nn.parameter(tensor([1]));
    expect(() => optim.sgd([{ parameters: [a] }, { parameters: [b, a] }], { lr: 0.1 })).toThrow(
      "sgd: a parameter [1] is in group 0 and in group 1; it can be in one",
    );
    expect(() =>
      Reflect.apply(optim.adamW, undefined, [[{ parameters: [a], decay: 1 }], { lr: 0.1 }]),
    ).toThrow('adamW: group 0: there is no option "decay"; did you mean weightDecay?');
    expect(() => optim.sgd([{ parameters: [a], momentum: 2 }], { lr: 0.1 })).toThrow(
      /momentum must be a number from 0 to below 1, got 2/,
    );
    expect(() => optim.sgd([{ parameters: [a], lr: 1 }], { lr: 0 })).toThrow(
      /group 0 has a learning rate, but the optimizer's is 0/,
    );
    expect(() => optim.sgd([{ parameters: [] }], { lr: 0.1 })).toThrow(/there are no parameters to train/);
    expect(() => Reflect.apply(optim.sgd, undefined, [[{ params: [a] }], { lr: 0.1 }])).toThrow(
      "sgd: a group names its parameters in full: { parameters: [w, b], lr: 0.01 }",
    );
  });
});

describe("a saved state", () => {
  for (const [name, make] of Object.entries(makers)) {
    it(`lets ${name} go on as if it had never stopped`, () => {
      const first = make(start());
      for (let step = 0; step < 3; step++) advance(first, step);
      const saved = first.stateDict();
      const second = make(
        first.parameters.map((parameter) => nn.parameter(parameter.detach().clone())),
      ).loadStateDict(saved);
      expect(second.stepCount).toBe(3);
      for (let step = 3; step < 6; step++) {
        advance(first, step);
        advance(second, step);
      }
      expect(second.parameters.map((p) => p.toArray())).toEqual(first.parameters.map((p) => p.toArray()));
    });
  }

  it("is a copy, and of another optimizer or other parameters it is refused", () => {
    const optimizer = optim.adam(start());
    advance(optimizer, 0);
    const saved = optimizer.stateDict();
    const before = flat((saved.parameters[0]!.m as Tensor).toArray());
    advance(optimizer, 1);
    expect(flat((saved.parameters[0]!.m as Tensor).toArray())).toEqual(before);
    expect(() => optim.sgd(start(), { lr: 0.1 }).loadStateDict(saved)).toThrow(
      "sgd.loadStateDict: the state is of another optimizer, Adam, this is Sgd; make the model and the optimizer as they were when the state was saved",
    );
    expect(() => optim.adam([nn.parameter(ones([2]))]).loadStateDict(saved)).toThrow(
      /the state is of 2 parameters, this trains 1/,
    );
    expect(() =>
      optim.adam([nn.parameter(ones([3, 3])), nn.parameter(ones([4]))]).loadStateDict(saved),
    ).toThrow(/m of parameter 0 is \[2, 3\], the parameter \[3, 3\]/);
    expect(() => Reflect.apply(optimizer.loadStateDict, optimizer, [null])).toThrow(/nothing \(null\)/);
  });
});

describe("what students do wrong", () => {
  it("settings out of range, by the optimizer's own name", () => {
    const p = [nn.parameter(ones([2]))];
    expect(() => optim.sgd(p, { lr: 0.1, nesterov: true })).toThrow(
      "sgd: nesterov needs momentum; pass { momentum: 0.9, nesterov: true }",
    );
    expect(() => optim.rmsprop(p, { alpha: 1 })).toThrow(
      /^rmsprop: alpha must be a number from 0 to below 1/,
    );
    expect(() => optim.adagrad(p, { eps: -1 })).toThrow(/^adagrad: eps must be a number ≥ 0, got -1/);
    expect(() => optim.adamW(p, { weightDecay: -1 })).toThrow(/^adamW: weightDecay must be a number ≥ 0/);
    expect(() => optim.averagedMomentum(p, { lr: 0.1, momentum: 1 })).toThrow(/^averagedMomentum: momentum/);
    expect(() => optim.averagedMomentum(p, { lr: -1 })).toThrow(/^averagedMomentum: lr/);
  });
});
