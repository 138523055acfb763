import { describe, expect, it } from "vitest";
import { data, nn, type Tensor, tensor } from "../../../engine/index.ts";
import { show } from "../../../kernel/view/index.ts";
import { readPredictions } from "../../../kernel/view/results/mistakes.ts";
import { bundleOf, textOf } from "../decode.ts";
import { expectPicture } from "../snapshot.ts";

const digits = data.digits({ train: 10, test: 40, seed: 3 }).test;

/** Says a class of each image by its place in the set: every fifth wrong, ever less surely. */
class Scripted extends nn.Module<[Tensor], Tensor> {
  #next = 0;
  forward(x: Tensor): Tensor {
    const labels = digits.labels.toTypedArray();
    const rows = Array.from({ length: x.shape[0]! }, () => {
      const i = this.#next++;
      const said = i % 5 === 0 ? (labels[i]! + 1) % 10 : labels[i]!;
      return Array.from({ length: 10 }, (_, k) => (k === said ? 6 - i / 10 : 0));
    });
    return tensor(rows);
  }
}

describe("show.mistakes", () => {
  it("shows the right predictions it was surest of, when asked to", () => {
    const bundle = expectPicture("surest", show.mistakes(new Scripted(), digits, { which: "surest", n: 8 }));
    expect(textOf(bundle)).toMatch(
      /^32 of 40 images right \(accuracy 80\.0 %\); the surest is image 1: \d with probability 97\.\d %\.$/,
    );
    const batches = show.mistakes(new Scripted(), digits, { which: "surest", n: 8, batchSize: 7 });
    expect(String(batches)).toBe(textOf(bundle));
  });

  it("says so where nothing is right", () => {
    const never = new (class extends nn.Module<[Tensor], Tensor> {
      forward(x: Tensor): Tensor {
        return x
          .flatten(1)
          .sum(1, { keepDim: true })
          .mul(0)
          .add(tensor([1, 0]));
      }
    })();
    const nines = digits.filter((label: number) => label === 9);
    const shown = show.mistakes(never, nines, { which: "surest" });
    expect(bundleOf(shown).data).toEqual({
      "text/plain": expect.stringMatching(/^0 of \d+ images? right \(accuracy 0\.0 %\)\.$/),
    });
  });

  it("refuses another order", () => {
    expect(() => show.mistakes(new Scripted(), digits, { which: "best" as never })).toThrow(
      'which is "worst" or "surest"',
    );
  });

  it("reads predictions with loss and probability", () => {
    const found = readPredictions([2, 0, 0, 3, 5, 0], [0, 0, 1], 2);
    expect(found.map(({ prediction }) => prediction)).toEqual([0, 1, 0]);
    expect(found[2]!.loss).toBeCloseTo(Math.log(1 + Math.exp(5)), 9);
    expect(found[2]!.probability).toBeCloseTo(1 / (1 + Math.exp(-5)), 9);
  });
});
