import { describe, expect, it } from "vitest";
import type { Distribution, DistributionHistory } from "../../../engine/inspection/index.ts";
import { distributionOf } from "../../../engine/inspection/index.ts";
import { show } from "../../../kernel/view/index.ts";
import { bundleOf, specOf, textOf } from "../decode.ts";
import { expectPicture } from "../snapshot.ts";

/** A bell around `mean`, the same at every call. */
const bell = (mean: number, spread: number): Distribution =>
  distributionOf(
    Array.from(
      { length: 400 },
      (_, i) => mean + spread * Math.sqrt(-2 * Math.log((i + 0.5) / 400)) * Math.cos(2.4 * i),
    ),
  );

type Recorded = Pick<DistributionHistory, "of" | "steps" | "distributions">;

const history = (
  distributions: Readonly<Record<string, readonly Distribution[]>>,
  of: Recorded["of"] = "weights",
) => {
  const length = Object.values(distributions)[0]?.length ?? 0;
  const steps = Array.from({ length }, (_, i) => 20 * i);
  return {
    of,
    steps,
    distributions: new Map(Object.entries(distributions)),
  } as unknown as DistributionHistory;
};

const over = (at: (i: number) => Distribution): Distribution[] => Array.from({ length: 16 }, (_, i) => at(i));

describe("show.distributions", () => {
  it("draws a ridge for each of some recordings, the last in front", () => {
    const watched = history({
      "conv1.weight": over((i) => bell(0, 0.1 + 0.01 * i)),
      "conv1.bias": over(() => bell(0, 1)),
      "conv2.weight": over((i) => bell(-0.01 * i, 0.3)),
      "fc.weight": over((i) => bell(0.004 * i, 0.05 + 0.015 * i)),
    });
    const bundle = expectPicture("distributions", show.distributions(watched));
    expect(textOf(bundle)).toBe(
      "Weights of 3 parameters, step 0 to 300: the spread changed most in fc.weight, from 0.0502 to 0.276.",
    );
  });

  it("chooses six of many layers, spread over the depth, and draws those asked for", () => {
    const many = Object.fromEntries(
      Array.from({ length: 1000 }, (_, i) => [`blocks.${i}`, [bell(0, 1), bell(0, 2)]] as const),
    );
    const bundle = bundleOf(show.distributions(history(many, "activations")));
    const { concat } = specOf(bundle) as { concat: { title: { text: string } }[] };
    expect(concat.map(({ title }) => title.text)).toEqual(
      [0, 200, 400, 599, 799, 999].map((i) => `blocks.${i}`),
    );
    expect(JSON.stringify(bundle).length).toBeLessThan(200_000);
    const one = specOf(bundleOf(show.distributions(history(many), { layers: ["blocks.7"] })));
    expect(one.concat).toHaveLength(1);
    const deep = "features.denseblock4.denselayer24.norm2.weight";
    expect(JSON.stringify(specOf(bundleOf(show.distributions(history({ [deep]: [bell(0, 1)] })))))).toContain(
      "…eblock4.denselayer24.norm2.weight",
    );
  });

  it("keeps every value inside the panel, and leaves far outliers out", () => {
    const far = distributionOf([...Array.from({ length: 400 }, (_, i) => Math.sin(i)), 1000]);
    const { concat } = specOf(bundleOf(show.distributions(history({ w: [bell(0, 1), far] })))) as {
      concat: { encoding: { x: { scale: { domain: number[] } } } }[];
    };
    expect(concat[0]!.encoding.x.scale.domain[1]).toBeLessThan(250);
  });

  it("draws constant values, NaN and a layer without gradients", () => {
    const odd = history({
      zero: [distributionOf([0, 0]), distributionOf([0, 0])],
      nan: [distributionOf([Number.NaN]), distributionOf([Number.NaN])],
      none: [distributionOf([]), distributionOf([])],
    });
    const bundle = bundleOf(show.distributions(odd));
    expect(textOf(bundle)).toBe("Weights of 3 parameters, step 0 to 20. nan holds NaN or infinity.");
    expect(bundle.data["image/png"]).toBeDefined();
    const { concat } = specOf(bundle) as { concat: { data: { values: { y: number; i: number }[] } }[] };
    expect(concat[0]!.data.values.filter(({ y, i }) => y < i)).toHaveLength(2);
  });

  it("refuses what is no recording", () => {
    expect(() => show.distributions({} as never)).toThrow("expected the result of inspection.distributions");
    expect(() => show.distributions(history({}))).toThrow("no step was recorded");
    const two = history({ a: [bell(0, 1)], b: [bell(0, 1)] });
    expect(() => show.distributions(two, { layers: ["c"] })).toThrow('there is no "c"; there are a, b');
    expect(() => show.distributions(two, { layers: [] })).toThrow("1 to 12 paths, got 0");
  });
});
