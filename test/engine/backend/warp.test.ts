/** Pictures moved by the kernel have the bits that the reference's loops give them: any map, border, size and number of channels. */
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import type { WarpGeometry } from "../../../engine/backend/backend.ts";
import { referenceBackend } from "../../../engine/backend/reference.ts";
import { ensureKernels, randomFloats, runOn, wasmBackends } from "./support.ts";

await ensureKernels();
const backends = wasmBackends();
afterAll(() => {
  for (const { backend } of backends) backend.close();
});

/** Turned, scaled and shifted; mirrored and shifted by whole pixels; the same everywhere; far outside. */
const maps = fc.oneof(
  fc
    .tuple(
      fc.double({ min: -3.2, max: 3.2, noNaN: true }),
      fc.double({ min: 0.3, max: 3, noNaN: true }),
      fc.double({ min: -9, max: 9, noNaN: true }),
      fc.double({ min: -9, max: 9, noNaN: true }),
    )
    .map(([angle, scale, x, y]) => {
      const [cosine, sine] = [scale * Math.cos(angle), scale * Math.sin(angle)];
      return [cosine, -sine, sine, cosine, x, y];
    }),
  fc
    .tuple(
      fc.constantFrom(1, -1),
      fc.constantFrom(1, -1),
      fc.integer({ min: -20, max: 20 }),
      fc.integer({ min: -20, max: 20 }),
    )
    .map(([a, d, e, f]) => [a, 0, 0, d, e, f]),
  fc
    .tuple(fc.double({ min: -3, max: 12, noNaN: true }), fc.double({ min: -3, max: 12, noNaN: true }))
    .map(([e, f]) => [0, 0, 0, 0, e, f]),
  fc.constantFrom([1e9, 1, 1, 1e9, -3e9, 5e8], [0.5, 0, 0, 0.5, -0.25, -0.25], [2, 0, 0, 2, 0.5, 0.5]),
);

const cases = fc.record({
  seed: fc.nat(1000),
  channels: fc.integer({ min: 1, max: 4 }),
  inHeight: fc.integer({ min: 1, max: 13 }),
  inWidth: fc.integer({ min: 1, max: 13 }),
  outHeight: fc.integer({ min: 1, max: 13 }),
  outWidth: fc.integer({ min: 1, max: 13 }),
  border: fc.constantFrom("zeros" as const, "replicate" as const, "reflect" as const),
  nearest: fc.boolean(),
  maps: fc.array(maps, { minLength: 1, maxLength: 5 }),
});

describe.each(backends)("pictures moved: $name", ({ backend }) => {
  test("as by the reference, to the last bit", () => {
    fc.assert(
      fc.property(cases, ({ seed, maps: given, ...sizes }) => {
        const geometry: WarpGeometry = { count: given.length, ...sizes };
        const { count, channels, inHeight, inWidth, outHeight, outWidth } = geometry;
        const operands = [
          randomFloats(count * channels * inHeight * inWidth, seed),
          // What lies there before counts nowhere.
          randomFloats(count * channels * outHeight * outWidth, seed + 1),
        ];
        const move = Float64Array.from(given.flat());
        const [, expected] = runOn(referenceBackend, operands, (b, [x, out]) =>
          b.warp(x!, move, out!, geometry),
        );
        const [, moved] = runOn(backend, operands, (b, [x, out]) => b.warp(x!, move, out!, geometry));
        expect(moved).toEqual(expected);
      }),
      { numRuns: 300, seed: 20_204 },
    );
  });

  test("of a size that is worth both threads", () => {
    const geometry: WarpGeometry = {
      count: 9,
      channels: 3,
      inHeight: 32,
      inWidth: 32,
      outHeight: 32,
      outWidth: 32,
      border: "zeros",
      nearest: false,
    };
    const operands = [randomFloats(9 * 3072, 1), randomFloats(9 * 3072, 2)];
    const move = Float64Array.from(
      Array.from({ length: 9 }, (_, i) => [0.9, -0.1, 0.1, 0.9, i / 3, 1]).flat(),
    );
    const [, expected] = runOn(referenceBackend, operands, (b, [x, out]) => b.warp(x!, move, out!, geometry));
    const [, moved] = runOn(backend, operands, (b, [x, out]) => b.warp(x!, move, out!, geometry));
    expect(moved).toEqual(expected);
  });

  test("copies do not mix what is no number into its neighbours", () => {
    const geometry: WarpGeometry = {
      count: 1,
      channels: 1,
      inHeight: 1,
      inWidth: 4,
      outHeight: 1,
      outWidth: 4,
      border: "zeros",
      nearest: false,
    };
    const operands = [Float32Array.of(1, 2, Number.NaN, 4), new Float32Array(4)];
    const [, moved] = runOn(backend, operands, (b, [x, out]) =>
      b.warp(x!, Float64Array.of(1, 0, 0, 1, 1, 0), out!, geometry),
    );
    expect(Array.from(moved!)).toEqual([2, Number.NaN, 4, 0]);
  });
});
