/** Winograd's algorithm computes what the plain sum of products does, at every size, and as exactly. */
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import type { Conv2dGeometry } from "../../../engine/backend/backend.ts";
import { referenceBackend } from "../../../engine/backend/reference.ts";
import { isWinograd, transposedGeometry } from "../../../engine/backend/winograd.ts";
import { compute, errorOf, type Results } from "./convolutions.ts";
import { ensureKernels, type NamedBackend, wasmBackends } from "./support.ts";

const geometry = (g: Partial<Conv2dGeometry>): Conv2dGeometry => {
  const filled = {
    batch: 2,
    inChannels: 8,
    inHeight: 8,
    inWidth: 8,
    outChannels: 8,
    padTop: 1,
    padLeft: 1,
    ...g,
  };
  return {
    outHeight: filled.inHeight + 2 * filled.padTop - 2,
    outWidth: filled.inWidth + 2 * filled.padLeft - 2,
    kernelHeight: 3,
    kernelWidth: 3,
    strideHeight: 1,
    strideWidth: 1,
    dilationHeight: 1,
    dilationWidth: 1,
    groups: 1,
    ...filled,
  };
};

/** Sizes that are no multiples of a tile, a vector or a strip; paddings that differ on all sides. */
const geometries = fc
  .record({
    batch: fc.integer({ min: 1, max: 5 }),
    inChannels: fc.integer({ min: 8, max: 15 }),
    outChannels: fc.integer({ min: 8, max: 15 }),
    inHeight: fc.integer({ min: 3, max: 14 }),
    inWidth: fc.integer({ min: 3, max: 14 }),
    padTop: fc.integer({ min: 0, max: 2 }),
    padLeft: fc.integer({ min: 0, max: 2 }),
    padBottom: fc.integer({ min: 0, max: 2 }),
    padRight: fc.integer({ min: 0, max: 2 }),
  })
  .map(({ padBottom, padRight, ...g }) =>
    geometry({
      ...g,
      outHeight: g.inHeight + g.padTop + padBottom - 2,
      outWidth: g.inWidth + g.padLeft + padRight - 2,
    }),
  );

/** Root mean square, relative, of float32 against float64 for the same sizes and uniform numbers, by PyTorch 2.13 on one thread. */
const errorsOfPyTorch: Results<number> = { out: 3.0e-7, inputGradient: 2.1e-7, weightGradient: 5.5e-7 };

beforeAll(ensureKernels);

describe.each(wasmBackends())("Winograd's convolution: $name", ({ backend }: NamedBackend) => {
  test("agrees with the sum of products at random sizes and paddings", () => {
    fc.assert(
      fc.property(geometries, (g) => {
        const found = compute(backend, "float32", g);
        const exact = compute(referenceBackend, "float64", g);
        for (const part of ["out", "inputGradient", "weightGradient"] as const)
          expect(errorOf(found[part], exact[part]), part).toBeLessThan(1e-6);
      }),
      { numRuns: 15, seed: 20_201 },
    );
  });

  test("spans chunks, images and more channels than a block holds", () => {
    for (const g of [
      geometry({ batch: 2, inChannels: 40, outChannels: 33, inHeight: 22, inWidth: 26 }),
      geometry({ batch: 2, inChannels: 300, outChannels: 9, inHeight: 7, inWidth: 7 }),
      geometry({
        batch: 40,
        inChannels: 16,
        outChannels: 16,
        inHeight: 4,
        inWidth: 4,
        padTop: 0,
        padLeft: 0,
      }),
    ]) {
      const found = compute(backend, "float32", g);
      const exact = compute(referenceBackend, "float64", g);
      for (const part of ["out", "inputGradient", "weightGradient"] as const)
        expect(errorOf(found[part], exact[part]), part).toBeLessThan(2e-6);
    }
  });

  test("rounds no worse than PyTorch", () => {
    const g = geometry({ batch: 4, inChannels: 32, outChannels: 16, inHeight: 16, inWidth: 16 });
    const exact = compute(referenceBackend, "float64", g);
    const found = compute(backend, "float32", g);
    for (const [part, pytorch] of Object.entries(errorsOfPyTorch) as [keyof Results, number][])
      expect(errorOf(found[part], exact[part]), part).toBeLessThan(pytorch);
  });
});

describe("what Winograd's algorithm takes", () => {
  test("3×3 kernels with stride 1, and their transposed convolutions", () => {
    fc.assert(
      fc.property(geometries, (g) => {
        const transposed = transposedGeometry(g);
        expect(transposedGeometry(transposed)).toEqual(g);
        const tiles = g.batch * Math.ceil(g.outHeight / 2) * Math.ceil(g.outWidth / 2);
        expect(isWinograd(g)).toBe(tiles > 16);
      }),
    );
  });

  test("nothing else", () => {
    const usual = geometry({ batch: 8 });
    expect(isWinograd(usual)).toBe(true);
    for (const change of [
      { kernelHeight: 5, kernelWidth: 5 },
      { kernelWidth: 1 },
      { strideWidth: 2 },
      { dilationHeight: 2 },
      { groups: 2 },
      { inChannels: 3 },
      { outChannels: 4 },
      { padTop: 3 },
      { outWidth: 12 },
    ])
      expect(isWinograd({ ...usual, ...change }), JSON.stringify(change)).toBe(false);
  });
});
