import { describe, expect, it } from "vitest";
import { full, nn, randn, seed, tensor, zeros } from "../../../engine/index.ts";
import { chartSvg } from "../../../kernel/view/drawing/chart-image.ts";
import { show } from "../../../kernel/view/index.ts";
import { bundleOf, specOf } from "../decode.ts";
import { expectPicture } from "../snapshot.ts";
import { exactDigit } from "./edgeNetwork.ts";

const waves = (shape: number[]) => {
  const size = shape.reduce((product, dim) => product * dim, 1);
  return exactDigit(
    tensor(
      Float32Array.from({ length: size }, (_, i) => 1.5 + Math.sin(i * 0.37)),
      { shape },
    ),
  );
};

describe("show.dropout", () => {
  it("shows what each draw drops, and that the mean stays", () => {
    const shown = show.dropout(nn.dropout(0.5), waves([12, 16]));
    expectPicture("dropout", shown);
    const found =
      /^Dropout with p = 0.5: 3 draws drop ([\d]+) %, ([\d]+) %, ([\d]+) %; what is kept grows by the factor 2, and the mean of 200 draws differs from the input by ([\d]+) %\.$/.exec(
        String(shown),
      );
    const [a, b, c, error] = found!.slice(1).map(Number);
    for (const share of [a!, b!, c!]) expect(Math.abs(share - 50)).toBeLessThan(15);
    expect(error).toBeLessThan(12);
  });

  it("drops whole maps with dropout2d, takes the first of a batch, and leaves random numbers and the layer alone", () => {
    const layer = nn.dropout2d(0.25).eval();
    seed(4);
    const expected = randn([2]).toArray();
    seed(4);
    const shown = show.dropout(layer, waves([2, 6, 9, 9]), { draws: 1 });
    expect(randn([2]).toArray()).toEqual(expected);
    expect(layer.training).toBe(false);
    const share = Number(/one draw drops (\d+) %/.exec(String(shown))![1]);
    expect([0, 17, 33, 50, 67]).toContain(share);
    expect(JSON.stringify(bundleOf(shown)).length).toBeLessThan(200_000);
  });

  it("copes with p of 0 and 1, with zeros and vectors", () => {
    expect(String(show.dropout(nn.dropout(0), waves([20])))).toContain(
      "drop 0 %, 0 %, 0 %; what is kept grows by the factor 1, and the mean of 200 draws differs from the input by 0 %",
    );
    expect(String(show.dropout(nn.dropout(1), waves([20])))).toContain("drop 100 %, 100 %, 100 %");
    expect(String(show.dropout(nn.dropout(0.5), zeros([3, 4])))).toContain("differs from the input by 0 %");
  });

  it("says what it cannot draw", () => {
    expect(() => show.dropout(nn.relu() as never, waves([4]))).toThrow(/such as nn.dropout\(0.5\), got/);
    expect(() => show.dropout(nn.dropout(), [1] as never)).toThrow(
      /activations as a Tensor, got an array of 1/,
    );
    expect(() => show.dropout(nn.dropout(), zeros([0, 4]))).toThrow(/got none \(shape 0×4/);
    expect(() => show.dropout(nn.dropout(), waves([4]), { draws: 0 })).toThrow(/draws must be/);
  });
});

describe("show.batchNorm", () => {
  /** Sums of four numbers from 0 to 1, nearly normal, and the same on every machine. */
  const shifted = () => {
    const noise = (i: number) =>
      [7919, 104729, 1299709, 15485863].reduce((sum, prime) => sum + ((i * prime) % 997) / 997, -2);
    const values = Float32Array.from(
      { length: 512 * 3 },
      (_, i) => [0, 4, -3][i % 3]! + [1, 2, 0.5][i % 3]! * noise(i + 1),
    );
    return tensor(values, { shape: [512, 3] });
  };

  it("sets the channels before and after side by side", async () => {
    const shown = show.batchNorm(nn.batchNorm1d(3), shifted());
    const bundle = expectPicture("batchNorm", shown);
    const log = { messages: [] };
    await chartSvg(specOf(bundle), log);
    expect(log.messages).toEqual([]);
    expect(String(shown)).toMatch(
      /^BatchNorm1d of 3 channels with 512 values each: before, means −\d.* to \d.* and deviations 0\.\d+ to 1\.\d+; after, means 0 and deviations 1\.$/,
    );
  });

  it("leaves the layer as it was", () => {
    const layer = nn.batchNorm2d(2).eval();
    const before = [
      layer.runningMean!.toArray(),
      layer.runningVar!.toArray(),
      layer.numBatchesTracked!.toArray(),
    ];
    show.batchNorm(layer, waves([3, 2, 4, 4]));
    expect([
      layer.runningMean!.toArray(),
      layer.runningVar!.toArray(),
      layer.numBatchesTracked!.toArray(),
    ]).toEqual(before);
    expect(layer.training).toBe(false);
  });

  it("says what it cannot draw", () => {
    expect(() => show.batchNorm(nn.relu() as never, shifted())).toThrow(/such as nn.batchNorm2d\(6\), got/);
    expect(() => show.batchNorm(nn.batchNorm1d(2), shifted())).toThrow(/nn.batchNorm1d\(3\)/);
    expect(() => show.batchNorm(nn.batchNorm1d(3), shifted(), { channels: 0 })).toThrow(/channels must be/);
    expect(bundleOf(show.batchNorm(nn.batchNorm1d(3), full([4, 3], 2))).data["image/png"]).toBeDefined();
  });
});
