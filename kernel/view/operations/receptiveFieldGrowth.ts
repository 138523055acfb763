/** How much of the image the units of each layer see, layer over layer. */
import { ArgumentError, describeValue } from "../../../engine/errors.ts";
import { ReceptiveFields } from "../../../engine/inspection/index.ts";
import { checkOptions } from "../../../engine/options.ts";
import { chart } from "../drawing/chart.ts";
import type { Displayable } from "../mime.ts";
import { ink, palette } from "../theme.ts";
import { countOf, wrapped } from "../wording.ts";

/** Options of `receptiveFieldGrowth`. */
export interface ReceptiveFieldGrowthOptions {
  /** A title above the chart. */
  title?: string;
}

/** More layers than these are not told apart; every so many are left out then, never the last. */
const mostLayers = 40;

/**
 * Draws how the receptive field grows from layer to layer: a bar as wide as the part of the image that one unit sees, the deepest
 * layer on top. Layers that change nothing (activations) or have no maps are left out. Throws an ArgumentError for anything but the result of
 * `inspection.receptiveField`. Source: lecture steps 000.40, 003.74; Araujo, Norris & Sim 2019.
 *
 * @example
 * show.receptiveFieldGrowth(inspection.receptiveField(models.leNet5(), [1, 28, 28]));
 */
export function receptiveFieldGrowth(
  fields: ReceptiveFields,
  options: ReceptiveFieldGrowthOptions = {},
): Displayable {
  checkOptions("show.receptiveFieldGrowth", options, ["title"]);
  if (!(fields instanceof ReceptiveFields))
    throw new ArgumentError(
      `show.receptiveFieldGrowth: expected the result of inspection.receptiveField(model, shape), got ${describeValue(fields)}`,
    );
  const maps = fields.layers.filter(({ outputShape }) => outputShape.length === 4);
  const changing = maps.filter(({ size, stride }, i, all) => {
    const before = all[i - 1];
    return (
      before === undefined || size.join() !== before.size.join() || stride.join() !== before.stride.join()
    );
  });
  if (changing.length === 0)
    throw new ArgumentError(
      "show.receptiveFieldGrowth: this model has no layer whose units see a part of an image; give one with convolutions or pooling",
    );
  const step = Math.ceil(changing.length / mostLayers);
  const shown = changing.filter((_, i) => (changing.length - 1 - i) % step === 0);
  const rows = shown.map(({ path, type, size: [height, width], stride: [down, across] }, i) => ({
    order: shown.length - i,
    layer: path === "" ? type : path,
    type,
    from: -width / 2,
    to: width / 2,
    seen: height === width ? `${width}×${width}` : `${height}×${width}`,
    apart: down * across === 0 ? "all the same" : `${down === across ? across : `${down}×${across}`} apart`,
  }));
  const [first, last] = [shown[0]!, shown.at(-1)!];
  const left = changing.length - shown.length;
  const cut = left > 0 ? ` ${countOf(left, "layer")} between are not shown.` : "";
  const grown = first === last ? "" : `, ${last.size.join("×")} in ${rows.at(-1)!.layer}`;
  const text = `A unit sees ${first.size.join("×")} pixels in ${rows[0]!.layer}${grown}.${cut}`;
  const y = {
    field: "layer",
    type: "nominal",
    sort: { field: "order" },
    axis: { title: null, ticks: false, domain: false, labelLimit: 160 },
  };
  const spec = {
    title: { text: options.title ?? "Receptive fields", subtitle: wrapped(text, 560) },
    data: { values: rows },
    width: 420,
    height: { step: 22 },
    layer: [
      {
        mark: { type: "bar", height: 14, cornerRadius: 2, color: palette[0] },
        encoding: {
          y,
          x: {
            field: "from",
            type: "quantitative",
            axis: { title: "pixels of the input, from the middle of the field", grid: true },
          },
          x2: { field: "to" },
          tooltip: [
            { field: "layer", title: "layer" },
            { field: "type", title: "type" },
            { field: "seen", title: "pixels seen" },
            { field: "apart", title: "neighbouring units" },
          ],
        },
      },
      {
        transform: [{ calculate: "datum.seen + ', ' + datum.apart", as: "label" }],
        mark: { type: "text", align: "left", dx: 5, color: ink.text },
        encoding: { y, x: { field: "to", type: "quantitative" }, text: { field: "label" } },
      },
    ],
  };
  return chart(spec, text);
}
