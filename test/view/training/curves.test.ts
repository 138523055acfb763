import { describe, expect, it } from "vitest";
import { show } from "../../../kernel/view/index.ts";
import type { HistoryLike } from "../../../kernel/view/training/history.ts";
import { bundleOf, specOf } from "../decode.ts";
import { expectPicture } from "../snapshot.ts";

/** Epochs of 30 steps each with these validation losses; the learning rate falls from epoch to epoch. */
function history(losses: readonly number[], rate = (epoch: number) => 0.1 / epoch): HistoryLike {
  const epochs = losses.map((loss, i) => ({
    epoch: i + 1,
    loss: 2 / (i + 1),
    metrics: { accuracy: 1 - 0.3 / (i + 1) },
    validation: { loss, accuracy: 1 - loss / 4 },
  }));
  const steps = Array.from({ length: 30 * losses.length }, (_, i) => ({
    step: i + 1,
    epoch: Math.floor(i / 30) + 1,
    loss: 4 / (i / 30 + 1) + Math.sin(7 * i) / 8,
    learningRate: rate(Math.floor(i / 30) + 1),
  }));
  return { epochs, steps };
}

interface Panel {
  encoding: { y: { title: string }; color: { scale: { domain: string[]; range: string[] } } };
  layer: { layer?: { mark: { type: string; text?: string } }[] }[];
}

const panelsOf = (shown: ReturnType<typeof show.curves>): Panel[] =>
  (specOf(bundleOf(shown)) as unknown as { concat: Panel[] }).concat;

/** What stands above the first panel. */
const marks = (shown: ReturnType<typeof show.curves>): string[] =>
  panelsOf(shown)[0]!
    .layer.flatMap(({ layer }) => layer ?? [])
    .flatMap(({ mark }) => mark.text ?? []);

describe("show.curves", () => {
  const overfitted = history([1.8, 1.1, 0.8, 0.9, 1.05]);

  it("draws training and validation apart, the learning rate where it changes, the best epoch and the early end", () => {
    const best = { epoch: 3, on: "loss", endedEarly: true };
    const shown = show.curves({ ...overfitted, best });
    expectPicture("curves", shown);
    expect(marks(shown)).toEqual(["best: epoch 3", "stopped early"]);
    expect(panelsOf(shown).map(({ encoding }) => encoding.y.title)).toEqual([
      "loss",
      "accuracy",
      "learning rate",
    ]);
    for (const { encoding } of panelsOf(shown))
      expect(encoding.color.scale.domain).toEqual(["train", "validation"]);
  });

  it("marks the lowest validation loss without early stopping too, where it is not the last", () => {
    expect(marks(show.curves(overfitted))).toEqual(["best: epoch 3"]);
    expect(marks(show.curves(history([1.8, 1.1, 0.8])))).toEqual([]);
    expect(marks(show.curves(history([Number.NaN, 2, 3])))).toEqual(["best: epoch 2"]);
  });

  it("leaves the learning rate out where it is constant", () => {
    const shown = show.curves(history([1, 0.5], () => 0.1));
    expect(panelsOf(shown)).toHaveLength(2);
    expect(panelsOf(show.curves({ a: history([1], () => 0.1), b: history([1], () => 0.2) }))).toHaveLength(2);
  });

  it("marks where a training failed", () => {
    const { steps } = history([1]);
    expect(marks(show.curves({ steps, epochs: [], failure: "fit: the loss became NaN" }))).toEqual([
      "✕ failed",
    ]);
  });

  it("keeps two validations apart where no step was recorded", () => {
    const [panel] = panelsOf(show.curves({ steps: [], epochs: history([2, 1]).epochs }));
    expect(new Set(panel!.encoding.color.scale.range).size).toBe(2);
  });
});
