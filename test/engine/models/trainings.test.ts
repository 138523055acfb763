/**
 * What a lesson may grade on is reached: seed 0 of each training in trainings.ts, whose head says what other seeds reach. The limits
 * leave room for other backends, which round differently.
 */
import { describe, expect, it } from "vitest";
import * as trainings from "./trainings.ts";

describe("points in the plane", () => {
  it("000.19: XOR is learned by one hidden layer of 8", async () => {
    expect((await trainings.xor(0)).accuracy).toBeGreaterThanOrEqual(0.99);
  });

  it("000.21: two spirals are learned by two hidden layers of 32", async () => {
    expect((await trainings.spirals(0)).accuracy).toBeGreaterThanOrEqual(0.98);
  });
});

describe("digits", () => {
  it("are read by LeNet-5 after 300 steps of 32, 95 % of them, and not by a network without convolutions (N11 c)", async () => {
    const { leNet, dense } = await trainings.budget(0);
    expect(leNet).toBeGreaterThanOrEqual(0.95);
    expect(dense).toBeLessThan(0.95);
  }, 60_000);
});

describe("densities", () => {
  it("003.89: the bound of a variational auto-encoder comes close to the exact likelihood, and stays below", async () => {
    const { gap } = await trainings.elbo(0);
    expect(gap).toBeGreaterThan(-0.05);
    expect(gap).toBeLessThan(0.2);
  }, 60_000);

  it("003.90: a generator meets its data, and the discriminator's value −2 ln 2", async () => {
    const { value, mean, deviation } = await trainings.gan(0);
    expect(value).toBeCloseTo(-2 * Math.log(2), 1);
    expect(Math.abs(mean - 2)).toBeLessThan(0.2);
    expect(Math.abs(deviation - 0.5)).toBeLessThan(0.3);
  }, 60_000);
});

describe("figures", () => {
  it("are segmented, each pixel by its kind, by a small U-Net: mean IoU at least 0.7 (N15 b)", async () => {
    expect((await trainings.segmentation(0)).iou).toBeGreaterThanOrEqual(0.7);
  }, 240_000);

  it("are freed from noise better than by a mean of 3×3 pixels (N15 c)", async () => {
    const { noisy, mean, denoised } = await trainings.denoising(0);
    expect(mean).toBeGreaterThan(noisy);
    expect(denoised).toBeGreaterThan(mean + 2);
  }, 120_000);

  it("003.68: are found and named by the detector: mean IoU of boxes at least 0.6", async () => {
    const { iou, accuracy } = await trainings.detection(0);
    expect(iou).toBeGreaterThanOrEqual(0.6);
    expect(accuracy).toBeGreaterThanOrEqual(0.9);
  }, 120_000);

  it("003.81: are found by class activation maps of a network that was never told their place (N14 d)", async () => {
    const { on, near, box } = await trainings.localisation(0);
    expect(near).toBeGreaterThanOrEqual(0.8);
    // A figure covers about a seventh of its image.
    expect(on).toBeGreaterThan(0.5);
    expect(box).toBeGreaterThan(0.35);
  }, 120_000);
});

describe("features learned without labels, seen by a linear classifier of ten labelled images of each digit,", () => {
  it("003.93: are better than an untrained encoder's when turned digits were told apart", async () => {
    const { untrained, trained } = await trainings.rotation(0);
    expect(trained).toBeGreaterThan(untrained + 0.15);
  }, 120_000);

  it("003.94: are better than pixels when views of one digit were told from those of others", async () => {
    const { pixels, untrained, trained } = await trainings.contrastive(0);
    expect(trained).toBeGreaterThan(untrained + 0.3);
    expect(trained).toBeGreaterThan(pixels + 0.05);
  }, 180_000);

  it("003.93: fill holes better than the mean image", async () => {
    const { mean, filled } = await trainings.inpainting(0);
    expect(filled).toBeLessThan(0.7 * mean);
  }, 120_000);
});
