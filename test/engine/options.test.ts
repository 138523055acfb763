// Every public function that takes options refuses one that it does not know. The functions are found by their types, so that
// a new one is asked too.

import { join } from "node:path";
import { describe, expect, it } from "vitest";
import * as engine from "../../engine/index.ts";
import { checkNames } from "../../engine/options.ts";
import { root } from "../structure/project.ts";
import { optionTakers, type Taker } from "../support/optionTakers.ts";

const { models, nn, optim, zeros } = engine;

const takers = optionTakers(join(root, "engine", "index.ts"));

// ── Calls ────────────────────────────────────────────────────────────────────────────────────────────────────────────

const points = (): engine.Tensor => zeros([2, 2]);

/** Something of each type: options are looked at before anything else, so that it need not make sense. */
const standIns: readonly (readonly [RegExp, unknown])[] = [
  [/^(Any)?Module\b/, nn.linear(2, 2)],
  [/^readonly Tensor\[\]/, [points()]],
  [/\bTensor\b|Values|Operand/, points()],
  [/null/, null],
  [/readonly number\[\]/, [2, 2]],
  [/number|Pair|Triple|Size/, 8],
  [/string/, "a path"],
  [/Trained/, [nn.parameter(points())]],
];

/** Something to call a class's methods on. */
const instances: Readonly<Record<string, () => object>> = {
  Tensor: points,
  "classical.KernelDensity": () => engine.classical.kernelDensity({ bandwidth: 1 }),
  "classical.LinearRegression": () => engine.classical.linearRegression(),
  "classical.LogisticRegression": () => engine.classical.logisticRegression(),
  "classical.ProbabilisticPCA": () => engine.classical.probabilisticPCA({ components: 1 }),
  "data.Dataset": () => engine.data.digits({ train: 4, test: 2 }).train,
  "models.DeepBelief": () => models.deepBelief([4, 2]),
  "models.DensityNetwork": () => models.densityNetwork(),
  "models.Gan": () => models.gan(),
  "models.Rbm": () => models.rbm(4, 2),
};

function find(path: string): [unknown, unknown] {
  const [place, method] = path.split("#") as [string, string?];
  if (method !== undefined) {
    const instance = instances[place]?.();
    return [instance, Reflect.get(instance ?? {}, method)];
  }
  return [
    undefined,
    place.split(".").reduce<unknown>((value, name) => Reflect.get(Object(value), name), engine),
  ];
}

async function callWith({ name, before }: Taker, options: unknown): Promise<unknown> {
  const [self, call] = find(name);
  if (typeof call !== "function")
    throw new Error(`${name} is no function; does its class need an instance here?`);
  const args = before.map((type) => standIns.find(([pattern]) => pattern.test(type))?.[1]);
  return Reflect.apply(call, self, [...args, options]);
}

describe("options", () => {
  it("are found at functions, methods and operations", () => {
    expect(takers.length).toBeGreaterThan(250);
    expect(takers.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["nn.conv2d", "conv2d", "Tensor#sum", "optim.adam", "fit", "metrics.psnr"]),
    );
  });

  it.each(takers.map((taker) => [taker.name, taker] as const))(
    "%s refuses one that it does not know, by an error that says the operation",
    async (name, taker) => {
      const said = await callWith(taker, { noSuchThing: 1 }).then(
        () => `${name} took it`,
        (error: unknown) => (error instanceof engine.ArgumentError ? error.message : error),
      );
      expect(said).toMatch(/^[\w.: ]+: there is no option "noSuchThing"; the options are \w+/);
      // By its own name, a method also by its object's: `linearRegression`, `gan.noise`.
      const operation = String(said).split(": there")[0]!.toLowerCase();
      const names = name
        .toLowerCase()
        .split(/[.#]/)
        .slice(name.includes("#") ? -2 : -1);
      expect(names.filter((own) => operation.includes(own))).not.toEqual([]);
    },
  );

  it("are an object", () => {
    const call = (options: unknown) => () =>
      Reflect.apply(optim.adam, undefined, [[nn.parameter(points())], options]);
    expect(call(0.1)).toThrow("adam: takes its options as an object: { lr: … }; got 0.1");
    expect(call([0.1])).toThrow(/got an array of 1/);
    expect(call(points())).toThrow(/got an object of class Tensor/);
    expect(call(null)).toThrow(/got null/);
  });

  it.each([
    ["learningRate", "lr"],
    ["learning_rate", "lr"],
    ["weight_decay", "weightDecay"],
    ["Momentum", "momentum"],
    ["momentun", "momentum"],
    ["mommentum", "momentum"],
    ["epsilon", "eps"],
    ["decay", "weightDecay"],
  ])("%s: did you mean %s?", (given, meant) => {
    expect(() => checkNames("sgd", { [given]: 1 }, ["lr", "momentum", "eps", "weightDecay"])).toThrow(
      `sgd: there is no option "${given}"; did you mean ${meant}?`,
    );
  });

  it("of parameter groups are refused alike", () => {
    const parameters = [nn.parameter(points())];
    const call = (group: object) => () =>
      Reflect.apply(optim.sgd, undefined, [[{ parameters, ...group }], { lr: 1 }]);
    expect(call({ momentun: 0.9 })).toThrow(
      'sgd: group 0: there is no option "momentun"; did you mean momentum?',
    );
    expect(call({ betas: [0, 0] })).toThrow(
      'sgd: group 0: there is no option "betas"; the options are parameters, lr, momentum, weightDecay, nesterov',
    );
    expect(call({ momentum: 0.9 })).not.toThrow();
  });
});
