import { describe, expect, it } from "vitest";
import { full, nn, ones, optim } from "../../../engine/index.ts";
import { copyInto } from "../../../engine/inplace.ts";
import { installViews } from "../../../kernel/view/hooks.ts";
import { show } from "../../../kernel/view/index.ts";
import { type Displayable, displaySymbol } from "../../../kernel/view/mime.ts";
import { expectPicture } from "../snapshot.ts";

/** Two layers whose numbers anyone can check. */
function model() {
  const made = nn.sequential(nn.linear(4, 3), nn.linear(3, 1, { bias: false }));
  copyInto(made.at(0).parameters()[0]!, full([3, 4], 2));
  copyInto(made.at(0).parameters()[1]!, full([3], -1));
  copyInto(made.at(1).parameters()[0]!, full([1, 3], 0.5));
  return made;
}

describe("show.parameters", () => {
  it("says of each parameter what it is like, and how large its gradient is", () => {
    const net = model();
    net(ones([2, 4]))
      .sum()
      .backward();
    net.at(1).parameters()[0]!.requiresGrad = false;
    const text = String(show.parameters(net));
    expectPicture("parameters", show.parameters(net));
    expect(text).toMatch(/^Sequential: 3 parameter tensors with 18 values; 3 values frozen\./);
    // Each of the 12 weights has the gradient 2 · 0.5 · 1, each offset 2 · 0.5.
    expect(text).toMatch(/0\.weight +3×4 +12 +2 +0 +3\.46/);
    expect(text).toMatch(/0\.bias +3 +3 +−1 +0 +1\.73/);
    expect(text).toMatch(/1\.weight +1×3 +3 +0\.5 +0 +frozen/);
  });

  it("says when there are no gradients yet, and what is not finite", () => {
    const net = model();
    copyInto(net.at(0).parameters()[1]!, full([3], Number.NaN));
    expect(String(show.parameters(net))).toMatch(
      /; not finite: 0\.bias; no gradients yet: call loss\.backward\(\)\..*3 values not finite/s,
    );
    expect(() => show.parameters({} as never)).toThrow(/show.parameters/);
  });

  it("sums gradients of very many values", () => {
    const net = nn.sequential(nn.linear(1000, 200, { bias: false }));
    net(ones([1, 1000]))
      .sum()
      .backward();
    expect(String(show.parameters(net))).toMatch(/ 447\n/);
  });
});

describe("an optimiser", () => {
  it("shows its line, and the settings of several groups", () => {
    const stop = installViews({ display: () => {}, update: () => {}, atEnd: () => {} });
    const net = model();
    const of = (value: unknown) => (value as Displayable)[displaySymbol]().data;
    const one = optim.adam(net.parameters(), { lr: 0.01 });
    expect(of(one)).toEqual({ "text/plain": String(one) });
    const [first, second] = [net.at(0).parameters(), net.at(1).parameters()];
    const two = optim.sgd([{ parameters: first }, { parameters: second, lr: 0.001, momentum: 0.5 }], {
      lr: 0.1,
      momentum: 0.9,
    });
    expect(of(two)["text/markdown"]).toMatch(/\| 1 \| 1 \| 3 \| 0\.001 \|.* 0\.5 \|/);
    expect(of(two)["text/markdown"]).toMatch(/\| 0 \| 2 \| 15 \| 0\.1 \|.* 0\.9 \|/);
    stop();
  });
});

describe("show.compare", () => {
  it("counts layers and parameters of models", () => {
    const text = String(show.compare({ one: model(), two: nn.linear(2, 3) }));
    expect(text).toMatch(/^2 models compared; fewest parameters: two \(9\)\./);
    expect(text).toMatch(/one +2 +18\ntwo +1 +9$/);
  });
});
