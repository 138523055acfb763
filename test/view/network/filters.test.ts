import { expect, it } from "vitest";
import { tensor } from "../../../engine/index.ts";
import { parseHex } from "../../../kernel/view/colours.ts";
import { show } from "../../../kernel/view/index.ts";
import { ink } from "../../../kernel/view/theme.ts";
import { bundleOf, countColour, pictureOf } from "../decode.ts";
import { expectPicture } from "../snapshot.ts";

const kernels = (outputs: number, inputs: number, side: number) =>
  tensor(
    Float32Array.from(
      { length: outputs * inputs * side * side },
      (_, i) => ((i * i * 31 + i * 7919) % 101) / 101 - 0.5,
    ),
    { shape: [outputs, inputs, side, side] },
  );

it("sets very many kernels on a sheet, with lines between them", () => {
  const shown = show.filters(kernels(64, 32, 3));
  const bundle = expectPicture("filters-many", shown);
  expect(String(shown)).toMatch(/^64 filters of 32×3×3 weights from −0.5 to 0.48\.$/);
  // 63 lines down, 31 across, in pixels of 6.
  const [wide, tall] = [64 * 4 - 1, 32 * 4 - 1];
  expect(countColour(pictureOf(bundle), parseHex(ink.text))).toBeGreaterThanOrEqual(
    36 * (63 * tall + 31 * wide - 63 * 31),
  );
});

it("shows of far too many kernels those that fit", () => {
  const shown = show.filters(kernels(256, 96, 5));
  expect(String(shown)).toMatch(/; the first 96 shown on the first 25 of 96 channels\.$/);
  expect(JSON.stringify(bundleOf(shown)).length).toBeLessThan(200_000);
  expect(() => show.filters(kernels(2, 1, 3), { limit: 0 })).toThrow(
    /limit must be a whole number from 1, got 0/,
  );
});
