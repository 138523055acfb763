import { describe, expect, it } from "vitest";
import { inspection, nn, optim, rand, seed } from "../../../engine/index.ts";

function trained(steps: number, snapshots?: number) {
  seed(2);
  const layer = nn.linear(4, 3);
  const optimizer = optim.sgd(layer.parameters(), { lr: 0.1 });
  const evolution = inspection.weightEvolution(
    layer,
    optimizer,
    snapshots === undefined ? {} : { snapshots },
  );
  const weights = [layer.weight.toArray()];
  for (let step = 0; step < steps; step++) {
    layer(rand([2, 4]))
      .square()
      .sum()
      .backward();
    optimizer.step();
    weights.push(layer.weight.toArray());
  }
  return { layer, optimizer, evolution, weights };
}

describe("weightEvolution", () => {
  it("keeps copies evenly apart, the first and the latest among them, however many steps there are", () => {
    for (const steps of [0, 1, 3, 4, 5, 23, 64]) {
      const { evolution, weights } = trained(steps, 4);
      const { snapshots } = evolution;
      expect(snapshots.length).toBeLessThanOrEqual(5);
      expect(snapshots.map(({ weight }) => weight.toArray())).toEqual(
        snapshots.map(({ step }) => weights[step]),
      );
      expect([snapshots[0]!.step, snapshots.at(-1)!.step]).toEqual([0, steps]);
      const gaps = snapshots.slice(1, -1).map(({ step }, i) => step - snapshots[i]!.step);
      expect(new Set(gaps).size).toBeLessThanOrEqual(1);
    }
  });

  it("keeps what it found when it is stopped", () => {
    const { layer, optimizer, evolution, weights } = trained(5, 4);
    evolution.stop();
    layer(rand([2, 4]))
      .square()
      .sum()
      .backward();
    optimizer.step();
    expect(evolution.snapshots.at(-1)!.weight.toArray()).toEqual(weights[5]);
    expect(String(evolution)).toBe("Linear [3, 4]: 4 copies through 5 steps");
  });

  it("says what it cannot watch", () => {
    const { layer, optimizer } = trained(0);
    const other = nn.linear(4, 3);
    const of =
      (...given: unknown[]) =>
      () =>
        Reflect.apply(inspection.weightEvolution, null, given);
    expect(of(nn.relu(), optimizer)).toThrow(/a layer with weights, such as model.conv1; got/);
    expect(of(layer, {})).toThrow(/the optimizer that trains the layer; got/);
    expect(of(other, optimizer)).toThrow(/does not have this layer's weights/);
    expect(of(layer, optimizer, { snapshots: 1 })).toThrow(
      /snapshots must be a whole number from 2 on; got 1/,
    );
  });
});
