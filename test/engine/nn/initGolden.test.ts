/** Initialisers and the layers' own initial values against PyTorch's distributions (golden/initialisers.py). */
import { readFileSync } from "node:fs";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type Tensor, zeros } from "../../../engine/index.ts";
import * as nn from "../../../engine/nn/index.ts";
import { Generator } from "../../../engine/random.ts";

/** Where numbers come from: `[low, high]`, `[mean, deviation]`, or nowhere. */
interface Drawn {
  readonly shape: readonly number[];
  readonly uniform?: readonly [number, number];
  readonly normal?: readonly [number, number];
  readonly constant?: number;
}

const golden: {
  readonly fans: readonly (readonly [shape: number[], fanIn: number, fanOut: number])[];
  readonly gains: readonly (readonly [arguments_: [nn.init.Nonlinearity, number?], gain: number])[];
  readonly initialisers: readonly (Drawn & { readonly call: string; readonly options: object })[];
  readonly orthogonal: readonly {
    readonly shape: number[];
    readonly gain: number;
    readonly rows: boolean;
    readonly columns: boolean;
  }[];
  readonly layers: readonly {
    readonly build: string;
    readonly parameters: Readonly<Record<string, Drawn>>;
  }[];
} = JSON.parse(readFileSync(new URL("./golden/initialisers.json", import.meta.url), "utf8"));

afterEach(() => {
  vi.restoreAllMocks();
});

/** Every call of the generator while something is made, `["uniform", low, high]`, in order. */
function callsOf<Made>(make: () => Made): [Made, (readonly [string, ...number[]])[]] {
  const calls: (readonly [string, ...number[]])[] = [];
  for (const kind of ["uniform", "normal"] as const) {
    const own = Generator.prototype[kind];
    vi.spyOn(Generator.prototype, kind).mockImplementation(function (this: Generator, a, b) {
      calls.push([kind, a ?? 0, b ?? 1]);
      return own.call(this, a, b);
    });
  }
  return [make(), calls];
}

/** Each of the tensor's numbers was drawn from the distribution, and lies in it. */
function expectDrawn(tensor: Tensor, calls: readonly (readonly [string, ...number[]])[], drawn: Drawn): void {
  expect(tensor.shape).toEqual(drawn.shape);
  const values = [...tensor.toTypedArray()];
  if (drawn.constant !== undefined) {
    expect(values).toEqual(values.map(() => drawn.constant));
    return;
  }
  const kind = drawn.uniform === undefined ? "normal" : "uniform";
  const [a, b] = drawn[kind]!;
  expect(calls).toHaveLength(tensor.size);
  for (const [found, first, second] of calls) {
    expect(found).toBe(kind);
    expect(Math.abs(first! - a)).toBeLessThanOrEqual(1e-12 * Math.abs(b));
    expect(Math.abs(second! - b)).toBeLessThanOrEqual(1e-12 * Math.abs(b));
  }
  const slack = 1e-6 * Math.abs(b);
  if (kind === "uniform")
    expect(values.filter((value) => !(value >= a - slack && value <= b + slack))).toEqual([]);
}

describe("PyTorch's", () => {
  it.each(golden.fans)("fans of %j: %i in, %i out", (shape, fanIn, fanOut) => {
    expect(nn.init.fans(shape)).toEqual({ fanIn, fanOut });
  });

  it.each(golden.gains)("gain of %j: %f", (given, gain) => {
    expect(nn.init.gain(...given)).toBeCloseTo(gain, 12);
  });

  it.each(golden.initialisers.map((one) => [one.call, one.options, one.shape, one] as const))(
    "%s %j of %j",
    (call, options, shape, expected) => {
      const initialiser: unknown = Reflect.get(nn.init, call);
      const target = zeros(shape);
      if (typeof initialiser !== "function") throw new Error(`there is no ${call}`);
      const [made, calls] = callsOf(() => Reflect.apply(initialiser, undefined, [target, options]));
      expect(made).toBe(target);
      expectDrawn(target, calls, expected);
    },
  );

  it.each(golden.orthogonal)("orthogonal $shape times $gain", ({ shape, gain, rows, columns }) => {
    const matrix = nn.init.orthogonal(zeros(shape), { gain }).flatten(1);
    const products = { rows: matrix.matmul(matrix.T), columns: matrix.T.matmul(matrix) };
    for (const [name, holds] of Object.entries({ rows, columns })) {
      const product = products[name as "rows" | "columns"].toArray() as number[][];
      const far = product.flatMap((row, i) =>
        row.filter((v, j) => Math.abs(v - (i === j ? gain ** 2 : 0)) > 1e-5),
      );
      expect(far.length === 0, name).toBe(holds);
    }
  });

  it.each(golden.layers.map(({ build, parameters }) => [build, parameters] as const))(
    "initial values of %s",
    (build, parameters) => {
      const make = new Function("nn", `return ${build}`);
      const [layer, calls]: [nn.Module, (readonly [string, ...number[]])[]] = callsOf(() => make(nn));
      expect(layer.namedParameters().map(([name]) => name)).toEqual(Object.keys(parameters));
      for (const [name, parameter] of layer.namedParameters()) {
        const drawn = parameters[name]!;
        expectDrawn(parameter, calls.splice(0, drawn.constant === undefined ? parameter.size : 0), drawn);
      }
      expect(calls).toEqual([]);
    },
  );
});

it("every initialiser is compared with PyTorch, or has a reason", () => {
  /** What PyTorch has no initialiser for, or draws nothing: held by laws in init.test.ts. */
  const reasons: Readonly<Record<string, string>> = {
    fans: "compared by itself",
    gain: "compared by itself",
    orthogonal: "compared by its law",
    zeros: "draws nothing",
    ones: "draws nothing",
    constant: "draws nothing",
    heuristicUniform: "the older heuristic",
    misprintedKaimingNormal: "a misprint of the lecture",
  };
  const compared = new Set(golden.initialisers.map(({ call }) => call));
  const left = Object.keys(nn.init).filter((name) => !compared.has(name) && !(name in reasons));
  expect(left).toEqual([]);
  expect(Object.keys(reasons).filter((name) => !(name in nn.init) || compared.has(name))).toEqual([]);
});

it("a layer with parameters starts as PyTorch's, or has a reason", () => {
  /** Layers that PyTorch does not have; those made of other layers start as these do. */
  const own = ["locallyConnected2d"];
  const starts = golden.layers.map(({ build }) => build);
  const cases: { build: string; parameters: unknown[] }[] = JSON.parse(
    readFileSync(new URL("./golden/layers.json", import.meta.url), "utf8"),
  ).cases;
  const layers = new Set(
    cases.flatMap(({ build, parameters }) =>
      parameters.length > 0 ? (/^nn\.(\w+)\((?!.*nn\.)/.exec(build)?.[1] ?? []) : [],
    ),
  );
  expect([...layers].filter((name) => !starts.some((build) => build.startsWith(`nn.${name}(`)))).toEqual(own);
});
