import { describe, expect, it } from "vitest";
import { data, evaluate, nn, optim, seed, fit as teach } from "../../engine/index.ts";
import { digits } from "../engine/models/trainings.ts";

/** Test accuracy after 12 epochs of Adam and one more with a small step, so that the last batches do not decide. */
async function linearAccuracy(lr: number): Promise<number> {
  seed(0);
  const model = nn.sequential(nn.flatten(), nn.linear(784, 10));
  const { train, test } = data.digits({ seed: 0 });
  const loader = train.loader({ batchSize: 32, shuffle: true, seed: 0 });
  const optimizer = optim.adam(model.parameters(), { lr });
  await teach(model, loader, { epochs: 12, optimizer, silent: true });
  optimizer.lr = lr / 5;
  await teach(model, loader, { epochs: 1, optimizer, silent: true });
  const { accuracy } = await evaluate(model, test.loader({ batchSize: 250 }));
  return accuracy;
}

describe("data.digits teaches what it should", () => {
  it.each([5e-4, 3e-3])("stays below 93 % for a linear classifier (learning rate %d)", async (lr) => {
    const accuracy = await linearAccuracy(lr);
    expect(accuracy).toBeLessThan(0.93);
    expect(accuracy).toBeGreaterThan(0.85);
  });

  it("passes 98 % for LeNet-5", async () => {
    expect((await digits(0)).accuracy).toBeGreaterThan(0.98);
  }, 120_000);
});
