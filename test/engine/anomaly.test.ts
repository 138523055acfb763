/** detectAnomaly: the first operation that makes NaN or infinity, where and from what, forward and backward. */
import { describe, expect, test } from "vitest";
import { setBackend } from "../../engine/backend/current.ts";
import { referenceBackend } from "../../engine/backend/reference.ts";
import {
  AnomalyError,
  detectAnomaly,
  fit as learn,
  nn,
  observeTraining,
  optim,
  recoverFromTermination,
  type Tensor,
  tensor,
} from "../../engine/index.ts";
import { defineOp, type Primitive, run } from "../../engine/op.ts";

setBackend(referenceBackend);

const leaf = (value: number | number[]) => tensor(value, { requiresGrad: true });
const caught = (body: () => unknown): string => {
  try {
    detectAnomaly(body);
  } catch (error) {
    if (error instanceof AnomalyError) return error.message;
    throw error;
  }
  return "nothing";
};

describe("forward", () => {
  test("names the operation, the place and the operands' values", () => {
    expect(caught(() => tensor([1, 0]).log())).toBe(
      "log made -Infinity at [1], from 0 (the first in the forward pass)",
    );
    expect(caught(() => tensor([-1]).sqrt())).toBe(
      "sqrt made NaN at [0], from -1 (the first in the forward pass)",
    );
    expect(caught(() => tensor([[1, 0]]).div(tensor([[2, 0]])))).toBe(
      "div made NaN at [0, 1], from 0 and 0 (the first in the forward pass)",
    );
    expect(caught(() => tensor(200).exp())).toMatch(/^exp made Infinity, from 200/);
  });

  test("stops at the first, not where the consequences show", () => {
    const p = tensor([0, 1]);
    expect(caught(() => p.mul(p.log()).sum())).toMatch(/^log made -Infinity at \[0\]/);
  });

  test("says which operand brought NaN, and where", () => {
    expect(caught(() => tensor([1, Number.NaN]).named("pixels").mul(2))).toBe(
      "mul made NaN at [1]: its operand 0, pixels [2], contains NaN already at [1]",
    );
    const masked = tensor([1, Number.NEGATIVE_INFINITY]);
    expect(caught(() => masked.sub(masked))).toMatch(
      /sub made NaN at \[1\]: its operand 0, \[2\], contains -Infinity at \[1\]/,
    );
  });

  test("lets infinity that was given pass, as in a mask", () => {
    expect(caught(() => tensor([1, Number.NEGATIVE_INFINITY]).add(1).softmax(0).sum())).toBe("nothing");
  });

  test("gives the path of the layer", () => {
    class Net extends nn.Module {
      body = nn.sequential(
        nn.linear(1, 1),
        new (class Logarithm extends nn.Module {
          forward(x: Tensor): Tensor {
            return x.mul(0).log();
          }
        })(),
      );
      forward(x: Tensor): Tensor {
        return this.body(x);
      }
    }
    const net = new Net();
    expect(caught(() => net(tensor([[1]])))).toMatch(
      /^Net\.body\.1 \(Logarithm\): log made -Infinity at \[0, 0\], from /,
    );
  });
});

describe("backward", () => {
  test("names the operation, the operand and its value", () => {
    const x = leaf([4, 0]).named("x");
    expect(caught(() => x.sqrt().sum().backward())).toBe(
      "the gradient of sqrt for its operand 0, x [2], is Infinity at [1], where the operand is 0 (the first in the backward pass)",
    );
    expect(x.grad).toBeNull();
    expect(x.mul(2).sum().item()).toBe(8);
  });

  test("gives the path of the layer", () => {
    class Root extends nn.Module {
      forward(x: Tensor): Tensor {
        return x.sqrt();
      }
    }
    const model = nn.sequential(nn.relu(), new Root());
    expect(
      caught(() =>
        model(leaf([-1, 1]))
          .sum()
          .backward(),
      ),
    ).toMatch(
      /^Sequential\.1 \(Root\): the gradient of sqrt for its operand 0, \[2\], is Infinity at \[0\], where the operand is 0/,
    );
  });

  test("says so when the given gradient is the cause, and finds mistakes in own operations", () => {
    const x = leaf([1, 2]);
    expect(caught(() => x.mul(2).backward({ gradient: tensor([1, Number.NaN]) }))).toMatch(
      /the gradient of mul .* is NaN at \[1\]; the gradient given to backward\(\) contains NaN at \[1\] already/,
    );
    const odd: Primitive = {
      name: "odd",
      shape: ([a]) => a!.shape,
      forward: (backend, [a], out) => {
        backend.copy(a!.storage, out.storage);
        return null;
      },
      backward: (gradient) => [gradient.div(0)],
    };
    const op = defineOp<[x: Tensor]>(
      { name: "odd", formula: "y = x", samples: () => [], mistakes: () => [] },
      (a) => run(odd, [a], undefined),
    );
    expect(caught(() => op(x).sum().backward())).toMatch(/^the gradient of odd for its operand 0/);
  });
});

describe("in fit", () => {
  class Odd extends nn.Module {
    layer = nn.linear(1, 1);
    readonly compute: (x: Tensor) => Tensor;
    constructor(compute: (x: Tensor) => Tensor) {
      super();
      this.compute = compute;
    }
    forward(x: Tensor): Tensor {
      return this.compute(this.layer(x));
    }
  }
  const batch: [Tensor, Tensor] = [tensor([[1], [2]]), tensor([[1], [2]])];
  const train = (model: nn.Module, lr = 0.1) =>
    learn(model, [batch, batch], {
      optimizer: optim.sgd(model.parameters(), { lr }),
      loss: nn.mse,
      silent: true,
    });

  test("the message of a loss that is NaN says where it began, and the history keeps it", async () => {
    const model = new Odd((x) => x.mul(0).log().mul(0));
    const failures: (string | null)[] = [];
    const stop = observeTraining({
      end({ history }) {
        failures.push(history.failure);
      },
    });
    const optimizer = optim.sgd(model.parameters(), { lr: 0.1 });
    await expect(learn(model, [batch], { optimizer, loss: nn.mse })).rejects.toThrow();
    stop();
    expect(failures[0]).toMatch(/ at step 1 \(epoch 1\).* Where it began: Odd: log made -Infinity/);
    await expect(train(model)).rejects.toThrow(
      /^fit: the loss became NaN .* at step 1 \(epoch 1\).*\. Where it began: Odd: log made -Infinity at \[0, 0\], from /,
    );
  });

  test("the message of a gradient that is NaN does, and no parameter was changed", async () => {
    const model = new Odd((x) => x.mul(0).sqrt());
    const before = model.parameters().map((parameter) => parameter.toArray());
    await expect(train(model)).rejects.toThrow(
      /^sgd: the gradient of parameter 0 .* contains NaN or infinity at step 1; no parameter was changed\..* Where it began: Odd: the gradient of sqrt for its operand 0, \[2, 1\], is -?Infinity at \[0, 0\], where the operand is 0/,
    );
    expect(model.parameters().map((parameter) => parameter.toArray())).toEqual(before);
  });

  test("a whole training can be watched: the error says the step too", async () => {
    let calls = 0;
    const model = new Odd((x) => (++calls < 2 ? x : x.mul(0).log()));
    await expect(detectAnomaly(() => train(model))).rejects.toThrow(
      /^fit, step 2 \(epoch 1\): Odd: log made -Infinity at \[0, 0\]/,
    );
    expect(tensor([0]).log().item()).toBe(Number.NEGATIVE_INFINITY);
  });

  test("a learning rate that is too high is found in the layer whose product overflowed", async () => {
    const model = nn.sequential(nn.linear(1, 2), nn.linear(2, 1));
    const many = Array.from({ length: 60 }, () => batch);
    await expect(
      learn(model, many, {
        optimizer: optim.sgd(model.parameters(), { lr: 1e4 }),
        loss: nn.mse,
        silent: true,
      }),
    ).rejects.toThrow(/ Where it began: .*(the first in the (forward|backward) pass|contains)/);
  });
});

describe("the mode", () => {
  const bad = () => tensor([0]).log();

  test("ends with the function, also when it throws, and nests", () => {
    expect(detectAnomaly(() => 3)).toBe(3);
    expect(bad().item()).toBe(Number.NEGATIVE_INFINITY);
    expect(() =>
      detectAnomaly(() => {
        detectAnomaly(() => 1);
        bad();
      }),
    ).toThrow(AnomalyError);
    expect(bad().item()).toBe(Number.NEGATIVE_INFINITY);
  });

  test("lasts until an async function settles", async () => {
    await expect(
      detectAnomaly(async () => {
        await new Promise((resolve) => setTimeout(resolve, 2));
        bad();
      }),
    ).rejects.toThrow(/log made -Infinity/);
    expect(bad().item()).toBe(Number.NEGATIVE_INFINITY);
  });

  test("is forgotten with terminated code", () => {
    void detectAnomaly(() => new Promise(() => {}));
    expect(bad).toThrow(AnomalyError);
    recoverFromTermination();
    expect(bad().item()).toBe(Number.NEGATIVE_INFINITY);
  });
});
