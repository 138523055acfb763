import { describe, expect, it } from "vitest";
import { draw, drawLater } from "../../../kernel/view/drawing/drawing.ts";
import type { TrainingFrame } from "../../../kernel/view/drawing/frame.ts";
import { FRAME_HEIGHT, FRAME_WIDTH } from "../../../kernel/view/drawing/frame.ts";
import { epochTicks, niceTicks } from "../../../kernel/view/drawing/ticks.ts";
import { decodePng, inked } from "../decode.ts";

const frame = (progress: number): TrainingFrame => ({
  title: "Net",
  status: "running",
  progress,
  progressText: "epoch 1 of 2",
  valuesText: "loss 1",
  epochs: 2,
  charts: [{ title: "loss", percent: false, series: [], empty: "no step yet" }],
});

const spec = {
  data: { values: [{ a: 1 }] },
  mark: "point",
  encoding: { x: { field: "a", type: "quantitative" } },
};

describe("the drawing thread", () => {
  it("answers those who wait and those who do not, each with their own picture", async () => {
    const later = [0.1, 0.9].map((progress) => drawLater({ kind: "frame", frame: frame(progress) }));
    const now = draw({ kind: "chart", spec });
    const [first, second] = await Promise.all(later);
    expect(now.width).not.toBe(FRAME_WIDTH);
    const [few, many] = [first!, second!].map(({ png }) => decodePng(Buffer.from(png, "base64")));
    expect([few!.width, few!.height]).toEqual([2 * FRAME_WIDTH, 2 * FRAME_HEIGHT]);
    expect([many!.width, many!.height]).toEqual([2 * FRAME_WIDTH, 2 * FRAME_HEIGHT]);
    expect(inked(few!)).toBeGreaterThan(0.01);
    expect(first!.png).not.toBe(second!.png);
  });

  it("says why a drawing failed, and draws on", async () => {
    expect(() => draw({ kind: "chart", spec: { mark: "nonsense" } })).toThrow(
      /the picture could not be drawn/,
    );
    await expect(drawLater({ kind: "chart", spec: { mark: "nonsense" } })).rejects.toThrow();
    expect(draw({ kind: "chart", spec }).png.length).toBeGreaterThan(100);
  });

  it("draws the same picture twice alike", () => {
    expect(draw({ kind: "chart", spec }).png).toBe(draw({ kind: "chart", spec }).png);
  });
});

describe("ticks", () => {
  it("stand at whole epochs, at most about ten", () => {
    expect(epochTicks(1)).toEqual([0, 1]);
    expect(epochTicks(2.2)).toEqual([0, 1, 2]);
    expect(epochTicks(30)).toEqual([0, 5, 10, 15, 20, 25, 30]);
    expect(epochTicks(100_000)).toHaveLength(11);
  });

  it("gives round values that cover the range", () => {
    expect(niceTicks(0, 2.3, 5)).toEqual([0, 0.5, 1, 1.5, 2, 2.5]);
    expect(niceTicks(0.88, 1, 5)).toEqual([0.85, 0.9, 0.95, 1]);
    expect(niceTicks(5, 5, 5).length).toBeGreaterThan(0);
  });
});
