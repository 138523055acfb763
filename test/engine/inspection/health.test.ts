import { describe, expect, it } from "vitest";
import {
  classical,
  data,
  inspection,
  nn,
  ones,
  optim,
  rand,
  randn,
  seed,
  type Tensor,
  tensor,
  zeros,
} from "../../../engine/index.ts";
import { setInterruptFlag } from "../../../engine/interrupt.ts";

describe("activations", () => {
  it("tell mean, spread, zeros and dead units of every layer", () => {
    const relu = nn.relu();
    const model = nn.sequential(nn.linear(2, 3), relu);
    const linear = model.at(0) as nn.Linear;
    linear.weight.storage.values().set([1, 0, 0, 1, -1, -1]);
    linear.bias!.storage.values().set([0, 0, 0]);
    const [first, second] = inspection.activations(
      model,
      tensor([
        [1, 2],
        [3, 4],
      ]),
    );
    // [[1, 2, −3], [3, 4, −7]]: the third unit never fires.
    expect(first).toMatchObject({
      path: "0",
      type: "Linear",
      count: 6,
      mean: 0,
      min: -7,
      max: 4,
      units: 3,
      dead: 0,
    });
    expect(first!.std).toBeCloseTo(Math.sqrt((1 + 4 + 9 + 9 + 16 + 49) / 6), 6);
    expect(second).toMatchObject({ type: "ReLU", zeros: 1 / 3, notFinite: 0, saturated: null });
    expect(second!.dead).toBeCloseTo(1 / 3, 12);
    expect(second!.histogram.counts.reduce((sum, n) => sum + n, 0)).toBe(6);
    expect(second!.histogram).toMatchObject({ low: 0, high: 4 });
  });

  it("count the channels of maps as units, and the saturated share of sigmoid and tanh", () => {
    const maps = nn.sequential(nn.conv2d(1, 4, 3), nn.relu());
    const conv = maps.at(0) as nn.Conv2d;
    conv.bias!.storage.values().set([-1e3, 1, 1, 1]);
    const found = inspection.activations(maps, rand([2, 1, 6, 6])).at(-1)!;
    expect([found.units, found.dead]).toEqual([4, 0.25]);
    const x = tensor([[-9, -0.1, 0, 0.1, 9]]);
    expect(inspection.activations(nn.sequential(nn.sigmoid()), x)[0]!.saturated).toBe(0.4);
    expect(inspection.activations(nn.sequential(nn.tanh()), x)[0]!.saturated).toBe(0.4);
  });

  it("count NaN and infinities instead of spreading them", () => {
    const [found] = inspection.activations(
      nn.sequential(nn.identity()),
      tensor([[1, Number.NaN, 3, Infinity]]),
    );
    expect(found).toMatchObject({ notFinite: 2, mean: 2, min: 1, max: 3, count: 4 });
    const [none] = inspection.activations(nn.sequential(nn.identity()), tensor([[Number.NaN]]));
    expect([none!.mean, none!.min, none!.norm]).toEqual([Number.NaN, Number.NaN, Number.NaN]);
  });
});

describe("gradient flow", () => {
  it("falls by orders of magnitude through ten sigmoids, and not through relu (N08 d)", () => {
    const ratio = (activation: () => nn.Module, init: (weight: Tensor) => unknown) => {
      seed(1);
      const hidden = Array.from({ length: 10 }, () => [nn.linear(64, 64), activation()]).flat();
      const model = nn.sequential(...hidden, nn.linear(64, 10));
      for (const [path, weight] of model.namedParameters()) if (path.endsWith("weight")) init(weight);
      nn.crossEntropy(
        model(randn([32, 64])),
        tensor(Int32Array.from({ length: 32 }, (_, i) => i % 10)),
      ).backward();
      const flow = inspection.gradientFlow(model).filter(({ path }) => path.endsWith("weight"));
      expect(flow[0]!.weightNorm).toBeGreaterThan(0);
      return flow[0]!.norm / flow.at(-2)!.norm;
    };
    const sigmoid = ratio(nn.sigmoid, nn.init.xavierUniform);
    const relu = ratio(nn.relu, nn.init.kaimingNormal);
    expect(sigmoid).toBeGreaterThan(1e-7);
    expect(sigmoid).toBeLessThan(1e-4);
    expect(relu).toBeGreaterThan(0.3);
    expect(relu).toBeLessThan(3);
  });

  it("says so when there is none", () => {
    expect(() => inspection.gradientFlow(nn.linear(2, 2))).toThrow(
      /no gradients yet; call loss\.backward\(\)/,
    );
  });
});

describe("update ratios", () => {
  it("are the spread of each step's change over the spread of the weights", () => {
    const model = nn.sequential(nn.linear(2, 2, { bias: false }));
    const { weight } = model.at(0) as nn.Linear;
    weight.storage.values().set([1, -1, 2, -2]);
    const optimizer = optim.sgd(model.parameters(), { lr: 0.5 });
    const watch = inspection.updateRatios(model, optimizer);
    expect(String(watch)).toBe("0.weight  no step yet");
    model(tensor([[1, 3]]))
      .sum()
      .backward();
    optimizer.step();
    // The change is −0.5 · (1, 3, 1, 3): std 0.5; the weights' std is √2.5.
    expect(watch.ratios.get("0.weight")![0]).toBeCloseTo(0.5 / Math.sqrt(2.5), 6);
    watch.stop();
    model(tensor([[1, 3]]))
      .sum()
      .backward();
    optimizer.step();
    expect(watch.ratios.get("0.weight")).toHaveLength(1);
    expect(String(watch)).toBe("0.weight  0.32 in the last of 1 steps");
    const equal = nn.linear(1, 2);
    equal.bias!.storage.values().fill(0);
    const again = optim.sgd(equal.parameters(), { lr: 0.5 });
    const bias = inspection.updateRatios(equal, again).ratios.get("bias")!;
    equal(tensor([[2]]))
      .mul(tensor([[1, 2]]))
      .sum()
      .backward();
    again.step();
    expect(bias).toEqual([Infinity]);
  });

  it("explain an optimiser of another model", () => {
    const other = optim.sgd(nn.linear(2, 2).parameters(), { lr: 0.1 });
    expect(() => inspection.updateRatios(nn.linear(2, 2), other)).toThrow(/made for another model/);
    expect(() => inspection.updateRatios(nn.linear(2, 2), 0.1 as never)).toThrow(/expects the optimizer/);
    expect(() => other.registerStepPreHook(3 as never)).toThrow(/a hook is a function/);
  });
});

describe("the loss landscape", () => {
  it("is a parabola for least squares, with the model itself in the middle", () => {
    seed(0);
    const model = nn.linear(3, 1);
    const [x, y] = [randn([20, 3]), randn([20, 1])];
    const loss = () => nn.mse(model(x), y);
    const before = model.parameters().map((parameter) => parameter.toArray());
    const found = inspection.lossSlice(model, loss, { resolution: 5, seed: 2 });
    expect(found.at).toEqual([-1, -0.5, 0, 0.5, 1]);
    expect(found.loss[2]).toBeCloseTo(loss().item(), 6);
    const second = (i: number) => found.loss[i - 1]! - 2 * found.loss[i]! + found.loss[i + 1]!;
    expect(second(1)).toBeCloseTo(second(2), 4);
    expect(second(2)).toBeCloseTo(second(3), 4);
    expect(model.parameters().map((parameter) => parameter.toArray())).toEqual(before);
    expect(inspection.lossSlice(model, loss, { resolution: 5, seed: 2 }).loss).toEqual(found.loss);
  });

  it("goes towards another state, which lies at 1", () => {
    const [here, there] = [nn.linear(2, 1), nn.linear(2, 1)];
    const [x, y] = [randn([8, 2]), randn([8, 1])];
    const found = inspection.lossSlice(here, () => nn.mse(here(x), y), {
      towards: there.stateDict(),
      resolution: 3,
    });
    expect(found.loss[2]).toBeCloseTo(nn.mse(there(x), y).item(), 5);
    expect(() =>
      inspection.lossSlice(here, () => nn.mse(here(x), y), { towards: nn.linear(3, 1).stateDict() }),
    ).toThrow(/the other state has no weight of shape \[1, 2\]/);
  });

  it("takes the running statistics of normalisation along", () => {
    const make = () => nn.sequential(nn.linear(2, 4), nn.batchNorm1d(4), nn.linear(4, 1));
    const [here, there] = [make(), make()];
    const [x, y] = [randn([16, 2]), randn([16, 1])];
    for (const model of [here, there]) model(x);
    const loss = (model: nn.Module) => nn.mse(model.eval()(x), y);
    const found = inspection.lossSlice(here, () => loss(here), { towards: there.stateDict(), resolution: 3 });
    expect(found.loss[2]).toBeCloseTo(loss(there).item(), 5);
    expect(found.loss[1]).toBeCloseTo(loss(here).item(), 6);
  });

  it("is a table over two directions, and leaves the weights alone even when it is interrupted", () => {
    const model = nn.linear(2, 1);
    const [x, y] = [randn([8, 2]), randn([8, 1])];
    const surface = inspection.lossSurface(model, () => nn.mse(model(x), y), { resolution: 3, seed: 1 });
    expect(surface.loss.map((row) => row.length)).toEqual([3, 3, 3]);
    expect(surface.loss[1]![1]).toBeCloseTo(nn.mse(model(x), y).item(), 6);
    const before = model.parameters().map((parameter) => parameter.toArray());
    const flag = new Int32Array(new SharedArrayBuffer(4));
    setInterruptFlag(flag);
    let calls = 0;
    const act = () =>
      inspection.lossSurface(model, () => {
        if (++calls === 4) flag[0] = 1;
        return nn.mse(model(x), y);
      });
    try {
      expect(act).toThrow();
    } finally {
      flag[0] = 0;
    }
    expect(model.parameters().map((parameter) => parameter.toArray())).toEqual(before);
    expect(() => inspection.lossSlice(model, (() => 3) as never)).toThrow(
      /the loss must be a tensor of one number; got 3/,
    );
    expect(() => inspection.lossSlice(model, ones([1]) as never)).toThrow(
      /loss is a function that computes it anew/,
    );
    expect(() => inspection.lossSlice(model, () => nn.mse(model(x), y), { resolution: 1 })).toThrow(
      /resolution must be/,
    );
  });
});

describe("paths on a loss surface", () => {
  /** A model of two weights, (w₀, w₁), whose loss is (w₀ − 1)² + 3 w₁². */
  function valley() {
    const model = nn.linear(2, 1, { bias: false });
    model.loadStateDict({ weight: tensor([[3, 2]]) });
    const aim = tensor([[1, 0]]);
    const loss = () =>
      model.weight
        .sub(aim)
        .square()
        .mul(tensor([[1, 3]]))
        .sum();
    return { model, loss };
  }

  it("record the weights from the start, after every so many steps", () => {
    const { model, loss } = valley();
    const optimizer = optim.sgd(model.parameters(), { lr: 0.1 });
    const path = inspection.weightPath(model, { every: 2 });
    optimizer.registerStepPostHook(path.record);
    for (let step = 0; step < 5; step++) {
      loss().backward();
      optimizer.step();
    }
    expect(path.points).toHaveLength(3);
    expect(path.points[0]).toEqual([3, 2]);
    expect(path.points[1]![0]).toBeCloseTo(1 + 2 * 0.8 ** 2, 5);
    expect(path.points[1]![1]).toBeCloseTo(2 * 0.4 ** 2, 5);
    expect(String(path)).toBe("WeightPath: 3 records of 2 weights");
  });

  it("lie in the plane of two weights as they are, around the model", () => {
    const { model, loss } = valley();
    const path = inspection.weightPath(model);
    for (const weight of [
      [2, 2],
      [1, 0],
    ]) {
      model.loadStateDict({ weight: tensor([weight]) });
      path.record();
    }
    const surface = inspection.lossSurface(model, loss, { paths: { walk: path }, resolution: 3 });
    expect(surface.paths.walk).toEqual([
      [2, 2],
      [1, 2],
      [0, 0],
    ]);
    expect(surface.at[2]).toBeCloseTo(2.3, 6);
    const reach = surface.at[2]!;
    expect(surface.loss[1]![1]).toBeCloseTo(0, 6);
    expect(surface.loss[2]![1]).toBeCloseTo(reach ** 2, 4);
    expect(surface.loss[1]![2]).toBeCloseTo(3 * reach ** 2, 4);
  });

  it("find the plane in which many weights move, with the losses that were met there", () => {
    seed(1);
    const model = nn.sequential(nn.linear(2, 6), nn.tanh(), nn.linear(6, 1));
    const [x, y] = [randn([20, 2]), randn([20, 1])];
    const loss = () => nn.mse(model(x), y);
    const path = inspection.weightPath(model);
    const start = model.parameters().map((parameter) => parameter.toTypedArray().slice());
    const ways = start.map((values) => [0, 1].map((k) => values.map((_, i) => Math.sin(3 * i + k))));
    // A walk in a plane: then nothing is lost by looking at it there.
    for (const [a, b] of [
      [1, 0],
      [1, 1],
      [0.2, 0.4],
      [0, 0],
    ] as const) {
      model.parameters().forEach((parameter, p) => {
        const moved = start[p]!.map((value, i) => value + a * ways[p]![0]![i]! + b * ways[p]![1]![i]!);
        parameter.storage.values().set(moved);
      });
      path.record();
    }
    const before = model.parameters().map((parameter) => parameter.toArray());
    const {
      at,
      loss: losses,
      paths,
    } = inspection.lossSurface(model, loss, { paths: { path }, resolution: 5 });
    expect(model.parameters().map((parameter) => parameter.toArray())).toEqual(before);
    expect(losses[2]![2]).toBeCloseTo(loss().item(), 5);
    const lengths = paths.path!.map(([u, v]) => Math.hypot(u, v));
    const square = ways.flatMap((way) => Array.from(way[0]!)).reduce((sum, part) => sum + part ** 2, 0);
    expect(lengths[0]).toBeCloseTo(0, 5);
    expect(lengths[1]).toBeCloseTo(Math.sqrt(square), 4);
    expect(at[4]).toBeGreaterThan(Math.max(...paths.path!.flat().map(Math.abs)));
  });

  it("explain what is wrong", () => {
    const { model, loss } = valley();
    const surface = (paths: object) => () => inspection.lossSurface(model, loss, { paths } as never);
    expect(surface({ a: 5 })).toThrow(
      /lossSurface: path "a" is no weightPath of a model of 2 weights; got 5/,
    );
    expect(surface({ a: inspection.weightPath(nn.linear(3, 3)) })).toThrow(
      /path "a" is no weightPath of a model of 2/,
    );
    expect(surface({ a: inspection.weightPath(model) })).toThrow(/the paths span no plane/);
    expect(() => inspection.weightPath(5 as never)).toThrow(/weightPath: model must be a module/);
    expect(() => inspection.weightPath(model, { every: 0 })).toThrow(
      /every must be a whole number from 1 on; got 0/,
    );
  });
});

describe("decision surfaces", () => {
  it("hold a line's two sides, with y upwards in rows", () => {
    const { classes, scores, x, y } = inspection.decisionSurface((points) => points.select(1, 1).sub(0.25), {
      x: [0, 1],
      y: [-1, 1],
      resolution: 3,
    });
    expect([x, y]).toEqual([
      [0, 0.5, 1],
      [-1, 0, 1],
    ]);
    expect(classes.toArray()).toEqual([
      [0, 0, 0],
      [0, 0, 0],
      [1, 1, 1],
    ]);
    expect(scores.shape).toEqual([3, 3, 1]);
    expect(scores.select(0, 2).toArray()).toEqual([[0.75], [0.75], [0.75]]);
  });

  it("cut probabilities at one half, logits at 0, or where they are told; NaN is no class", () => {
    const resolution = 3;
    const classes = (model: (points: Tensor) => Tensor, threshold?: number) =>
      inspection
        .decisionSurface(model, { x: [-1, 1], resolution, ...(threshold === undefined ? {} : { threshold }) })
        .classes.select(0, 0)
        .toArray();
    const logit = (points: Tensor) => points.select(1, 0).mul(4);
    expect(classes(logit)).toEqual([0, 0, 1]);
    expect(classes((points) => logit(points).sigmoid())).toEqual([0, 0, 1]);
    expect(classes((points) => logit(points).sigmoid(), 0.4)).toEqual([0, 1, 1]);
    expect(classes((points) => points.select(1, 0).log())).toEqual([-1, 0, 0]);
  });

  it("reach a little beyond the points given, and tell their classes", () => {
    const points = tensor([
      [0, 3],
      [10, 3],
    ]);
    const surface = inspection.decisionSurface((places) => places.select(1, 0).sub(6), { points });
    expect([surface.x[0], surface.x.at(-1), surface.y[0], surface.y.at(-1)]).toEqual([-1, 11, 2, 4]);
    expect(surface.pointClasses?.toArray()).toEqual([0, 1]);
    expect(surface.classes.shape).toEqual([60, 60]);
    expect(inspection.decisionSurface(nn.linear(2, 2), { x: [0, 1], points }).x.at(-1)).toBe(1);
  });

  it("take −1 and 1 for the classes 0 and 1", () => {
    const sides = (places: Tensor) => places.select(1, 0).sign().to("int32");
    const { classes } = inspection.decisionSurface(sides, { x: [-1, 2], resolution: 2 });
    expect(classes.toArray()).toEqual([
      [0, 1],
      [0, 1],
    ]);
  });

  it("take networks, which they leave in their mode, and classical methods alike", () => {
    const model = nn.sequential(nn.linear(2, 8), nn.batchNorm1d(8), nn.linear(8, 3)).train();
    const found = inspection.decisionSurface(model, { resolution: 50 });
    expect(model.training).toBe(true);
    expect(found.scores.shape).toEqual([50, 50, 3]);
    expect(found.classes.toArray()).toEqual(found.scores.argmax(2).toArray());
    const set = data.moons({ samples: 60 });
    const neighbours = classical.nearestNeighbours({ k: 1 }).fit(set.points, set.labels);
    const { classes } = inspection.decisionSurface((points) => neighbours.predict(points), {
      resolution: 11,
    });
    expect([...new Set(classes.toTypedArray())].sort()).toEqual([0, 1]);
  });

  it.each<[unknown, object, RegExp]>([
    [5, {}, /expects a model or a function of points \[N, 2\]; got 5/],
    [nn.linear(3, 2), {}, /3/],
    [(points: Tensor) => points.sum(), {}, /must give \[\d+, K\] or \[\d+\]; it gave \[\]/],
    [nn.linear(2, 2), { x: [1, 1] }, /x is \[low, high\] with low below high; got \[1, 1\]/],
    [nn.linear(2, 2), { y: 3 }, /y is \[low, high\].*got 3/],
    [nn.linear(2, 2), { points: zeros([3]) }, /points must be \[N, 2\]; got \[3\]/],
    [nn.linear(2, 2), { resolution: 1e5 }, /resolution must be a whole number from 2 to 1000/],
  ])("explain %s with %j", (model, options, message) => {
    expect(() => inspection.decisionSurface(model as never, options)).toThrow(message);
  });
});
