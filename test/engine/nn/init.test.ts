import { describe, expect, it } from "vitest";
import { randn, type Tensor, zeros } from "../../../engine/index.ts";
import * as nn from "../../../engine/nn/index.ts";
import { Generator } from "../../../engine/random.ts";

const rms = (x: Tensor): number => Math.sqrt(x.square().mean().item());

/** What is left of unit signals after 20 layers of 400 units. */
function propagate(
  fill: (weight: Tensor, generator: Generator) => void,
  activation: "tanh" | "relu",
): number {
  const generator = new Generator(0);
  let x = randn([32, 400], { generator });
  for (let layer = 0; layer < 20; layer++) {
    const weight = zeros([400, 400]);
    fill(weight, generator);
    x = x.matmul(weight.transpose(0, 1))[activation]();
  }
  return rms(x);
}

describe("003.38: 20 layers of 400 units, the lecture's schemes and the papers'", () => {
  const cases: [string, "tanh" | "relu", (w: Tensor, generator: Generator) => void, number][] = [
    [
      "tanh, the heuristic printed as Glorot's",
      "tanh",
      (w, generator) => nn.init.heuristicUniform(w, { generator }),
      1.2e-5,
    ],
    ["tanh, Glorot", "tanh", (w, generator) => nn.init.xavierUniform(w, { generator }), 0.158],
    ["tanh, N(0, 0.1²)", "tanh", (w, generator) => nn.init.normal(w, { std: 0.1, generator }), 0.728],
    ["ReLU, He", "relu", (w, generator) => nn.init.kaimingNormal(w, { generator }), 1.22],
    [
      "ReLU, He misprinted, read as deviation",
      "relu",
      (w, generator) => nn.init.misprintedKaimingNormal(w, { generator }),
      1.2e3,
    ],
    [
      "ReLU, He misprinted, read as variance",
      "relu",
      (w, generator) => nn.init.misprintedKaimingNormal(w, { readAs: "variance", generator }),
      1.2e13,
    ],
    ["ReLU, the heuristic", "relu", (w, generator) => nn.init.heuristicUniform(w, { generator }), 1.5e-8],
    ["ReLU, N(0, 0.01²)", "relu", (w, generator) => nn.init.normal(w, { std: 0.01, generator }), 1.2e-17],
  ];
  // Another draw of the weights multiplies twenty factors of their own: a third either way.
  for (const [name, activation, fill, expected] of cases) {
    it(`${name}: about ${expected}`, () => {
      const ratio = propagate(fill, activation) / expected;
      expect(ratio).toBeGreaterThan(0.65);
      expect(ratio).toBeLessThan(1.5);
    });
  }
});

describe("what each fills with", () => {
  const filled = (fill: (w: Tensor) => Tensor, shape = [300, 200]): Tensor => fill(zeros(shape));

  it("deviations by formula, for linear and convolution weights", () => {
    const generator = new Generator(3);
    const cases: [Tensor, number][] = [
      [filled((w) => nn.init.heuristicUniform(w, { generator })), 1 / Math.sqrt(3 * 200)],
      [filled((w) => nn.init.misprintedKaimingNormal(w, { generator })), 2 / Math.sqrt(200)],
      [
        filled((w) => nn.init.misprintedKaimingNormal(w, { mode: "fanOut", readAs: "variance", generator })),
        Math.sqrt(2 / Math.sqrt(300)),
      ],
      [filled((w) => nn.init.heuristicUniform(w, { generator }), [64, 32, 3, 3]), 1 / Math.sqrt(3 * 288)],
    ];
    for (const [weight, deviation] of cases) {
      expect(rms(weight) / deviation).toBeGreaterThan(0.97);
      expect(rms(weight) / deviation).toBeLessThan(1.03);
    }
    expect(nn.init.ones(zeros([3])).toArray()).toEqual([1, 1, 1]);
  });

  it("orthogonal: rows of a wide matrix, columns of a tall one, filters of a convolution", () => {
    const identity = (product: Tensor, gain: number): void => {
      (product.toArray() as number[][]).forEach((row, i) => {
        row.forEach((value, j) => {
          expect(value).toBeCloseTo(i === j ? gain ** 2 : 0, 5);
        });
      });
    };
    const wide = nn.init.orthogonal(zeros([5, 12]), { gain: Math.SQRT2 });
    identity(wide.matmul(wide.transpose(0, 1)), Math.SQRT2);
    const tall = nn.init.orthogonal(zeros([12, 5]));
    identity(tall.transpose(0, 1).matmul(tall), 1);
    const filters = nn.init.orthogonal(zeros([4, 2, 3, 3])).reshape([4, 18]);
    identity(filters.matmul(filters.transpose(0, 1)), 1);
    const generator = () => new Generator(5);
    expect(nn.init.orthogonal(zeros([3, 3]), { generator: generator() }).toArray()).toEqual(
      nn.init.orthogonal(zeros([3, 3]), { generator: generator() }).toArray(),
    );
  });

  it("refuses a bias, and readings that do not exist", () => {
    expect(() => nn.init.orthogonal(zeros([3]))).toThrow(
      /at least 2 dimensions .* got \[3\]; for a bias use nn\.init\.zeros/,
    );
    expect(() => nn.init.heuristicUniform(zeros([3]))).toThrow(/fan of a tensor needs at least 2 dimensions/);
    expect(() => nn.init.misprintedKaimingNormal(zeros([2, 2]), { readAs: "std" as never })).toThrow(
      'init.misprintedKaimingNormal: readAs is "deviation" or "variance", got "std"',
    );
  });
});
