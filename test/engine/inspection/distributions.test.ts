import { describe, expect, it } from "vitest";
import { inspection, nn, optim, seed, tensor, fit as train } from "../../../engine/index.ts";

const batch = () =>
  [
    tensor([
      [1, 2],
      [0, -1],
    ]),
    tensor([1, 0], { dtype: "int32" }),
  ] as const;

function setup() {
  seed(1);
  const model = nn.sequential(nn.linear(2, 3), nn.relu(), nn.linear(3, 2));
  return { model, optimizer: optim.sgd(model.parameters(), { lr: 0.1 }) };
}

describe("inspection.distributions", () => {
  it("records the weights before the first step and after each", async () => {
    const { model, optimizer } = setup();
    const before = inspection.distributionOf(model.namedParameters()[0]![1].toTypedArray());
    const watch = inspection.distributions(model, optimizer);
    await train(model, [batch(), batch(), batch()], { optimizer, silent: true });
    expect(watch.steps).toEqual([0, 1, 2, 3]);
    const list = watch.distributions.get("0.weight")!;
    expect(list[0]).toEqual(before);
    const now = inspection.distributionOf(model.namedParameters()[0]![1].toTypedArray());
    expect(list[3]).toEqual(now);
    expect(list[3]).not.toEqual(before);
    watch.stop();
    await train(model, [batch()], { optimizer, silent: true });
    expect(watch.steps).toHaveLength(4);
    expect(String(watch)).toBe("DistributionHistory: weights of 4 parameters, 4 recordings up to step 3");
  });

  it("records the gradients that a step uses", async () => {
    const { model, optimizer } = setup();
    const watch = inspection.distributions(model, optimizer, { of: "gradients" });
    expect(String(watch)).toMatch(/gradients of 0 parameters, no step yet/);
    await train(model, [batch(), batch()], { optimizer, silent: true });
    expect(watch.steps).toEqual([0, 1]);
    expect(watch.distributions.get("2.bias")!.at(-1)).toEqual(
      inspection.distributionOf(model.namedParameters()[3]![1].grad!.toTypedArray()),
    );
  });

  it("records the activations of a batch, a layer that runs twice apart", async () => {
    class Twice extends nn.Module {
      layer = nn.linear(2, 2);
      forward(x: ReturnType<typeof tensor>) {
        return this.layer(this.layer(x));
      }
    }
    seed(1);
    const model = new Twice();
    const optimizer = optim.sgd(model.parameters(), { lr: 0.1 });
    const [x] = batch();
    const watch = inspection.distributions(model, optimizer, { of: "activations", x });
    await train(model, [batch()], { optimizer, silent: true });
    expect([...watch.distributions.keys()]).toEqual(["layer", "layer, run 2"]);
    expect(watch.distributions.get("layer, run 2")).toHaveLength(2);
  });

  it("keeps at most 64 recordings, evenly spread, of a training of any length", async () => {
    const { model, optimizer } = setup();
    const watch = inspection.distributions(model, optimizer);
    await train(model, Array.from({ length: 300 }, batch), { optimizer, silent: true });
    expect(watch.steps.length).toBeLessThanOrEqual(64);
    expect(watch.steps).toEqual(watch.steps.map((_, i) => 8 * i));
    expect(watch.steps.at(-1)).toBe(296);
    expect(watch.distributions.get("0.weight")).toHaveLength(watch.steps.length);
  });

  it("says what is missing", () => {
    const { model, optimizer } = setup();
    const other = optim.sgd(nn.linear(2, 2).parameters(), { lr: 0.1 });
    expect(() => inspection.distributions(model, other)).toThrow("was made for another model");
    expect(() => inspection.distributions(model, {} as never)).toThrow(
      "expects the optimizer that trains the model",
    );
    expect(() => inspection.distributions(model, optimizer, { of: "activations" })).toThrow(
      '{ of: "activations", x: images }',
    );
    expect(() => inspection.distributions(model, optimizer, { of: "biases" as never })).toThrow(
      '"weights", "gradients" or "activations"',
    );
  });
});
