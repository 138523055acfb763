/** Images with few channels are convolved without copying patches: the same numbers at every size, dilation and group. */
import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import type { Conv2dGeometry } from "../../../engine/backend/backend.ts";
import { referenceBackend } from "../../../engine/backend/reference.ts";
import { compute, errorOf } from "./convolutions.ts";
import { ensureKernels, type NamedBackend, wasmBackends } from "./support.ts";

const between = (min: number, max: number) => fc.integer({ min, max });

const geometries: fc.Arbitrary<Conv2dGeometry> = fc
  .record({
    batch: between(1, 3),
    groups: between(1, 3),
    channelsPerGroup: between(1, 4),
    filtersPerGroup: between(1, 8),
    kernelHeight: between(1, 5),
    kernelWidth: between(1, 5),
    strideHeight: between(1, 2),
    dilationHeight: between(1, 2),
    dilationWidth: between(1, 2),
    padTop: between(0, 2),
    padLeft: between(0, 2),
    outHeight: between(1, 9),
    outWidth: between(8, 21),
  })
  .map(({ channelsPerGroup, filtersPerGroup, ...g }) => ({
    ...g,
    strideWidth: 1,
    inChannels: g.groups * channelsPerGroup,
    outChannels: g.groups * filtersPerGroup,
    inHeight: (g.outHeight - 1) * g.strideHeight + g.dilationHeight * (g.kernelHeight - 1) + 1 - 2 * g.padTop,
    inWidth: g.outWidth + g.dilationWidth * (g.kernelWidth - 1) - 2 * g.padLeft,
  }))
  .filter((g) => g.inHeight >= 1 && g.inWidth >= 1);

beforeAll(ensureKernels);

test.each(wasmBackends())("few channels, on $name", ({ backend }: NamedBackend) => {
  fc.assert(
    fc.property(geometries, (g) => {
      const found = compute(backend, "float32", g);
      const exact = compute(referenceBackend, "float64", g);
      for (const part of ["out", "inputGradient", "weightGradient"] as const)
        expect(errorOf(found[part], exact[part]), part).toBeLessThan(1e-6);
    }),
    { numRuns: 30, seed: 20_202 },
  );
});
