/** Pooling with the winners marked, and unpooling, which puts values back where they won. */
import { ArgumentError, describeValue } from "../../../engine/errors.ts";
import { noGrad } from "../../../engine/gradmode.ts";
import { checkSize2d, type Size2d } from "../../../engine/ops/convolution.ts";
import {
  avgPool2d,
  maxPool2d,
  maxPool2dIndices,
  maxUnpool2d,
  minPool2d,
  minPool2dIndices,
} from "../../../engine/ops/pooling.ts";
import { checkOptions } from "../../../engine/options.ts";
import type { CellMark } from "../drawing/cells.ts";
import { Drawn } from "../drawing/drawn.ts";
import type { Displayable } from "../mime.ts";
import type { NumberSource } from "../values.ts";
import { countOf, withArticle } from "../wording.ts";
import { batchOf, firstOf, gridOf, pairText, planesOf, sidesOf } from "./planes.ts";

/** Options of `pooling`. */
export interface PoolingOptions {
  /** What is kept of a window (default `"max"`). */
  kind?: "max" | "min" | "average";
  /** Height and width of a window (default 2). */
  size?: Size2d;
  /** Distance between windows; their size unless told. */
  stride?: Size2d;
  /** Adds the unpooled map: each value back at its winner's place, zeros elsewhere. Not for averages, which have no winner. */
  unpool?: boolean;
  /** A title above the picture. */
  title?: string;
}

/**
 * Draws what pooling keeps of `input`, `[H, W]`: the windows, in each the winner, and the pooled map; with `unpool` also the map
 * that unpooling with switches makes of it. Throws a ShapeError where no window fits. Source: lecture steps 000.40, 001.44,
 * 003.82 (unpooling: Zeiler & Fergus 2013).
 *
 * @example
 * show.pooling([[12, 20, 30, 0], [8, 12, 2, 0], [34, 70, 37, 4], [112, 100, 25, 12]], { unpool: true });
 */
export function pooling(input: NumberSource, options: PoolingOptions = {}): Displayable {
  checkOptions("show.pooling", options, ["kind", "size", "stride", "unpool", "title"]);
  const what = "show.pooling";
  const { kind = "max", unpool = false } = options;
  if (kind !== "max" && kind !== "min" && kind !== "average")
    throw new ArgumentError(`${what}: kind must be "max", "min" or "average", got ${describeValue(kind)}`);
  if (unpool && kind === "average")
    throw new ArgumentError(
      `${what}: an average has no winner to put back; leave out unpool, or use kind "max"`,
    );
  const image = planesOf(input, `${what}: input`, 1);
  const size = checkSize2d(what, "size", options.size ?? 2, 1);
  const stride = checkSize2d(what, "stride", options.stride ?? size, 1);
  const { pooled, winners, restored } = noGrad(() => {
    const x = batchOf(image);
    const indices =
      kind === "average" ? null : (kind === "max" ? maxPool2dIndices : minPool2dIndices)(x, size, { stride });
    const y =
      kind === "average"
        ? avgPool2d(x, size, { stride })
        : (kind === "max" ? maxPool2d : minPool2d)(x, size, { stride });
    const back =
      unpool && indices
        ? maxUnpool2d(y, indices, size, { stride, outputSize: [image.height, image.width] })
        : null;
    return {
      pooled: firstOf(y),
      winners: indices === null ? [] : Array.from(indices.toTypedArray(), Number),
      restored: back === null ? null : firstOf(back),
    };
  });
  const windows = Array.from(pooled.values, (_, i): CellMark => {
    const [row, column] = [Math.floor(i / pooled.width) * stride[0], (i % pooled.width) * stride[1]];
    return { row, column, rows: size[0], columns: size[1], tone: "window" };
  });
  const places = [...new Set(winners)].map(
    (at): CellMark => ({
      row: Math.floor(at / image.width),
      column: at % image.width,
      rows: 1,
      columns: 1,
      tone: "output",
    }),
  );
  const name = kind === "average" ? "Average" : kind === "max" ? "Max" : "Min";
  const text = `${name} pooling of ${withArticle(sidesOf(image))} input over ${pairText(size)}${size[0] === size[1] ? `×${size[0]}` : ""} windows, stride ${pairText(stride)}: ${sidesOf(pooled)} values kept${sharedText(winners, kind)}.`;
  return new Drawn(
    {
      kind: "sheet",
      sheet: {
        title: options.title ?? `${name} pooling`,
        subtitle: text,
        lines: [
          [
            gridOf("input", image, [...windows, ...places]),
            { sign: "→" },
            gridOf("pooled", pooled, []),
            ...(restored ? [{ sign: "→" }, gridOf("unpooled", restored, places)] : []),
          ],
        ],
        notes: [],
      },
    },
    text,
  );
}

/** Where windows overlap, one value can be the winner of several: unpooling puts it back once. */
function sharedText(winners: readonly number[], kind: string): string {
  const wins = new Map<number, number>();
  for (const at of winners) wins.set(at, (wins.get(at) ?? 0) + 1);
  const shared = [...wins.values()].filter((count) => count > 1);
  if (shared.length === 0) return "";
  return `; ${countOf(shared.length, "value is", "values are")} the ${kind === "max" ? "largest" : "smallest"} of up to ${Math.max(...shared)} windows, and ${shared.length === 1 ? "goes" : "go"} back once`;
}
