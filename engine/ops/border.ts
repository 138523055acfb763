/** What lies beyond the border of an image: mirrored, repeated, or from the other side. Zeros are `pad`'s business. */
import { ArgumentError, describeValue, ShapeError } from "../errors.ts";
import { checkTensor, defineOp, type Op } from "../op.ts";
import { describeShape } from "../shapes.ts";
import type { Tensor } from "../tensor.ts";
import { indexSelect } from "./indexing.ts";

/** `"reflect"` mirrors at the outermost pixel (d c b | a b c d | c b a), `"replicate"` repeats it (a a a | a b c d), `"circular"` wraps around (b c d | a b c d | a b c). */
export type BorderMode = "reflect" | "replicate" | "circular";

/** The position that stands for position `i`, inside or outside, of a line of `size`. */
const sources: Record<BorderMode, (i: number, size: number) => number> = {
  reflect: (i, size) => (i < 0 ? -i : i >= size ? 2 * (size - 1) - i : i),
  replicate: (i, size) => Math.min(Math.max(i, 0), size - 1),
  circular: (i, size) => (i + size) % size,
};

/** The widest border that a line of `size` can make. */
const widest: Record<BorderMode, (size: number) => number> = {
  reflect: (size) => size - 1,
  replicate: (size) => (size === 0 ? 0 : Number.POSITIVE_INFINITY),
  circular: (size) => size,
};

/**
 * A border made of the tensor's own values: one `[before, after]` per dimension, the last ones if fewer are given.
 * `padBorder(images, [[1, 1], [1, 1]], "reflect")` frames every image of `[N, C, H, W]`. Throws a ShapeError when the border is wider
 * than its mode can make it: for reflect size − 1, for circular the size.
 */
export const padBorder: Op<[x: Tensor, padding: readonly (readonly [number, number])[], mode: BorderMode]> =
  defineOp<[x: Tensor, padding: readonly (readonly [number, number])[], mode: BorderMode]>(
    {
      name: "padBorder",
      formula:
        "y[i + before] = x[source(i)], source(i) = i inside;  ∂L/∂x = Σ ∂L/∂y over the copies of each value",
      samples: (make) => [
        [make.normal(2, 5), [[2, 1]], "reflect"],
        [
          make.normal(1, 2, 3, 4),
          [
            [1, 2],
            [3, 0],
          ],
          "reflect",
        ],
        [
          make.normal(1, 1, 3, 2),
          [
            [4, 1],
            [0, 2],
          ],
          "replicate",
        ],
        [
          make.normal(2, 1, 3, 4),
          [
            [3, 1],
            [0, 2],
          ],
          "circular",
        ],
      ],
      mistakes: (make) => [
        [
          [make.normal(3), [[1, 1]], "mirror"],
          /padBorder: the mode is "reflect", "replicate" or "circular"; got the string "mirror"/,
        ],
        [
          [make.normal(2, 3), [[3, 0]], "reflect"],
          /padBorder: a border of 3 is wider than reflect can make of 3 positions \(dimension 1 of \[2, 3\]\): at most 2/,
        ],
        [[make.normal(3), [[4, 0]], "circular"], /wider than circular can make of 3 positions .*: at most 3/],
        [
          [make.normal(3), 1, "reflect"],
          /padBorder: expects \[before, after\] for each dimension to pad.*; got 1/,
        ],
        [
          [make.normal(3), [[1, -1]], "reflect"],
          /padBorder: paddings are whole numbers from 0 up; got \[1, -1\]/,
        ],
        [
          [
            make.normal(3),
            [
              [1, 1],
              [1, 1],
            ],
            "reflect",
          ],
          /padBorder: 2 paddings for a tensor \[3\] of 1 dimension/,
        ],
      ],
    },
    (x, padding, mode) => {
      checkTensor("padBorder", x);
      if (mode !== "reflect" && mode !== "replicate" && mode !== "circular")
        throw new ArgumentError(
          `padBorder: the mode is "reflect", "replicate" or "circular"; got ${describeValue(mode)}`,
        );
      if (!Array.isArray(padding) || !padding.every((pair) => Array.isArray(pair) && pair.length === 2))
        throw new ArgumentError(
          `padBorder: expects [before, after] for each dimension to pad, such as [[1, 1], [1, 1]]; got ${describeValue(padding)}`,
        );
      if (padding.length > x.ndim)
        throw new ShapeError(
          `padBorder: ${padding.length} paddings for a tensor ${describeShape(x.shape)} of ${x.ndim} dimension${x.ndim === 1 ? "" : "s"}`,
        );
      let framed = x;
      padding.forEach(([before, after]: readonly [number, number], i: number) => {
        for (const width of [before, after])
          if (!Number.isInteger(width) || width < 0)
            throw new ArgumentError(
              `padBorder: paddings are whole numbers from 0 up; got [${before}, ${after}]`,
            );
        const dim = x.ndim - padding.length + i;
        const size = x.shape[dim]!;
        const most = widest[mode](size);
        if (Math.max(before, after) > most)
          throw new ShapeError(
            `padBorder: a border of ${Math.max(before, after)} is wider than ${mode} can make of ${size} positions (dimension ${dim} of ${describeShape(x.shape)}): at most ${most}`,
          );
        if (before === 0 && after === 0) return;
        const positions = Array.from({ length: before + size + after }, (_item, k) =>
          sources[mode](k - before, size),
        );
        framed = indexSelect(framed, dim, positions);
      });
      return framed;
    },
  );
