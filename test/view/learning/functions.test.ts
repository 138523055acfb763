import { describe, expect, it } from "vitest";
import { classical, linspace, nn, type Tensor, tensor } from "../../../engine/index.ts";
import { show } from "../../../kernel/view/index.ts";
import { bundleOf, specOf } from "../decode.ts";
import { expectPicture } from "../snapshot.ts";

interface Layer {
  mark: { type: string; strokeWidth?: number };
  data: { values: { x: number; y: number; line: string }[] };
}
const layersOf = (shown: ReturnType<typeof show.functionFit>): Layer[] =>
  specOf(bundleOf(shown)).layer as Layer[];

/** The lecture's step and bumps (001.10): σ(100 (x − s)), and differences of two steps. */
const step = (s: number) => (x: number) => 1 / (1 + Math.exp(-100 * (x - s)));
const target = (x: number) => Math.sin(2 * Math.PI * x);
const bumps = (n: number) =>
  Array.from({ length: n }, (_, i) => {
    const height = target((i + 0.5) / n);
    return (x: number) => height * (step(i / n)(x) - step((i + 1) / n)(x));
  });
const sum = (parts: ((x: number) => number)[]) => (x: number) =>
  parts.reduce((total, part) => total + part(x), 0);

describe("show.functionFit", () => {
  it("draws bumps, their sum and the target, and says the errors", () => {
    const shown = show.functionFit(
      { "5 bumps": sum(bumps(5)), "20 bumps": sum(bumps(20)) },
      {
        target,
        components: bumps(5),
        title: "A sum of bumps",
      },
    );
    expectPicture("functionFit", shown);
    const [, five, , twenty] =
      /5 bumps: largest error ([\d.]+) .* squared ([\d.]+); 20 bumps: largest error ([\d.]+) /.exec(
        String(shown),
      )!;
    let largest = 0;
    for (let i = 0; i <= 400; i++)
      largest = Math.max(largest, Math.abs(sum(bumps(5))(i / 400) - target(i / 400)));
    expect(Number(five)).toBeCloseTo(largest, 2);
    expect(Number(twenty)).toBeLessThan(Number(five) / 2);
    expect(String(shown)).toMatch(/Thin: 5 parts of the sum\.$/);
    expect(layersOf(shown).map(({ mark }) => mark.strokeWidth)).toEqual([1, 2]);
  });

  it("asks modules and fitted models, and draws the data", () => {
    const x = linspace(0, 2, 30);
    const y = x.mul(3).add(1);
    const line = classical.linearRegression().fit(x.unsqueeze(1), y);
    const layer = nn.linear(1, 1);
    layer.loadStateDict({ weight: tensor([[3]]), bias: tensor([1]) });
    const shown = show.functionFit(
      { line, layer },
      { data: { x, y }, target: (at) => 3 * at + 1, x: [-1, 3] },
    );
    expect(String(shown)).toMatch(
      /^line: largest error \S+ \(at x = .*layer: largest error \S+ .*Dots: 30 samples\.$/,
    );
    for (const { x: at, y: value } of layersOf(shown).at(-1)!.data.values)
      expect(value).toBeCloseTo(3 * at + 1, 3);
    expect(layersOf(shown)[0]!.data.values).toHaveLength(30);
    expect(String(show.functionFit(layer))).toBe("f(x): from 1 to 4.");
  });

  it("draws a function of two numbers as a map: a tower of four steps", () => {
    const bump = (x: number) => step(0.3)(x) - step(0.7)(x);
    const tower = (x: number, y: number) => 1 / (1 + Math.exp(-12 * (bump(x) + bump(y) - 1.5)));
    const inside = (x: number, y: number) => (Math.abs(x - 0.5) < 0.2 && Math.abs(y - 0.5) < 0.2 ? 1 : 0);
    const shown = show.functionFit(tower, { target: inside, title: "A tower" });
    expectPicture("functionFit-plane", shown);
    const [, largest, rms] = /^Largest error ([\d.]+) at \(.*\), root mean squared ([\d.]+)\.$/.exec(
      String(shown),
    )!;
    expect(Number(largest)).toBeGreaterThan(0.4);
    expect(Number(rms)).toBeLessThan(0.2);
    expect(String(show.functionFit((x: number, y: number) => x + y))).toBe("f(x, y): from 0 to 2.");
    const sum = nn.linear(2, 1, { bias: false });
    sum.loadStateDict({ weight: tensor([[1, 3]]) });
    expect(String(show.functionFit(sum, { x: [0, 1], y: [0, 2] }))).toBe("f(x, y): from 0 to 7.");
    expect(() => show.functionFit(tower, { components: [step(1)] })).toThrow(
      /components and data are drawn of functions of one number only/,
    );
    expect(() => show.functionFit(nn.linear(2, 3), { y: [0, 1] })).toThrow(
      /must give one number for each x of \[5041, 2\], it gave 5041×3/,
    );
  });

  it("shows at most 500 of many samples and stays small", () => {
    const x = linspace(0, 1, 10_000);
    const shown = show.functionFit(target, { data: { x, y: x } });
    expect(layersOf(shown)[0]!.data.values).toHaveLength(500);
    expect(JSON.stringify(bundleOf(shown)).length).toBeLessThan(200_000);
  });

  it("breaks the line where a function is not finite", () => {
    expect(String(show.functionFit(Math.log, { x: [0, 1], target }))).toBe("Not finite everywhere.");
    expect(String(show.functionFit(Math.log, { x: [0, 1] }))).toMatch(/\(1 value not finite\)\.$/);
  });

  it.each<[unknown, object, RegExp]>([
    [{}, {}, /show\.functionFit: no function to draw/],
    [{ a: 5 }, {}, /"a" must be a function of numbers, a module or a fitted model, got 5/],
    [() => "no", {}, /the function "fit" must give a number for a number, got/],
    [nn.linear(1, 2), {}, /must give one number for each x of \[401, 1\], it gave 401×2/],
    [target, { x: [1, 1] }, /x is \[low, high\] with low below high, got \[1, 1\]/],
    [target, { data: { x: [1, 2], y: [1] } }, /data has 2 xs for 1 y/],
  ])("explains what is wrong (%#)", (fits, options, message) => {
    expect(() => show.functionFit(fits as never, options)).toThrow(message);
  });
});

interface Panel {
  title: { text: string };
  data: { values: { x: number; y: number; kind: string }[] };
}
const panelsOf = (shown: ReturnType<typeof show.activationFunctions>): Panel[] =>
  specOf(bundleOf(shown)).concat as Panel[];

describe("show.activationFunctions", () => {
  it("draws the lectures' functions, each with its derivative", () => {
    const shown = show.activationFunctions();
    expectPicture("activationFunctions", shown);
    expect(String(shown)).toMatch(
      /largest slope: Sigmoid 0\.25, Tanh 1, ReLU 1, LeakyReLU\(slope 0\.1\) 1, .*Step 0\.$/,
    );
    const sigmoid = panelsOf(shown)[0]!.data.values;
    for (const { x, y, kind } of sigmoid) {
      const value = 1 / (1 + Math.exp(-x));
      expect(y).toBeCloseTo(kind === "function" ? value : value * (1 - value), 4);
    }
    expect(sigmoid.some(({ kind }) => kind === "derivative")).toBe(true);
  });

  it("takes functions by name over any range, of a constant too", () => {
    const swish = (x: Tensor) => x.mul(x.sigmoid());
    const shown = show.activationFunctions(
      { swish, flat: (x: Tensor) => x.detach().mul(0).add(2) },
      { x: [-1, 1] },
    );
    expect(panelsOf(shown).map(({ title }) => title.text)).toEqual(["swish", "flat"]);
    const flat = panelsOf(shown)[1]!.data.values;
    expect(new Set(flat.map(({ y, kind }) => `${kind} ${y}`))).toEqual(
      new Set(["function 2", "derivative 0"]),
    );
    expect(Math.max(...flat.map(({ x }) => x))).toBe(1);
    expect(panelsOf(show.activationFunctions([swish]))[0]!.title.text).toBe("swish");
  });

  it.each<[unknown, object, RegExp]>([
    [[], {}, /show\.activationFunctions: no activation to draw/],
    [
      ["relu"],
      {},
      /expected layers such as nn\.relu\(\) or functions of a tensor, got the string "relu" for "function 0"/,
    ],
    [[nn.maxout(3)], {}, /maxout|must give a number for each number/i],
    [[(x: Tensor) => x.sum()], {}, /must give a number for each number; for \[321\] it gave scalar/],
    [[nn.relu()], { x: [2, 1] }, /x is \[low, high\] with low below high/],
    [Array.from({ length: 25 }, () => nn.relu()), {}, /at most 24 functions fit, got 25/],
  ])("explains what is wrong (%#)", (source, options, message) => {
    expect(() => show.activationFunctions(source as never, options)).toThrow(message);
  });
});
