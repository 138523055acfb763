import { describe, expect, it } from "vitest";
import { data, evaluate, models, nn, optim, seed, fit as teach } from "../../engine/index.ts";

/** Test accuracy after `epochs` of Adam and one more with a small step, so that the last batches do not decide. */
async function accuracyOf(model: nn.Module, epochs: number, lr: number): Promise<number> {
  const { train, test } = data.digits({ seed: 0 });
  const loader = train.loader({ batchSize: 32, shuffle: true, seed: 0 });
  const optimizer = optim.adam(model.parameters(), { lr });
  await teach(model, loader, { epochs, optimizer, silent: true });
  optimizer.lr = lr / 5;
  await teach(model, loader, { epochs: 1, optimizer, silent: true });
  const { accuracy } = await evaluate(model, test.loader({ batchSize: 250 }));
  return accuracy;
}

describe("data.digits teaches what it should", () => {
  it.each([5e-4, 3e-3])("stays below 93 % for a linear classifier (learning rate %d)", async (lr) => {
    seed(0);
    const accuracy = await accuracyOf(nn.sequential(nn.flatten(), nn.linear(784, 10)), 12, lr);
    expect(accuracy).toBeLessThan(0.93);
    expect(accuracy).toBeGreaterThan(0.85);
  });

  it("passes 98 % for LeNet-5", async () => {
    seed(0);
    expect(await accuracyOf(models.leNet5(), 5, 2e-3)).toBeGreaterThan(0.98);
  }, 120_000);
});
