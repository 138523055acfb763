import * as vega from "vega";
import { compile, type TopLevelSpec } from "vega-lite";
import { describe, expect, it } from "vitest";
import { inspection, models, nn, rand, seed } from "../../../engine/index.ts";
import { chartSvg } from "../../../kernel/view/drawing/chart-image.ts";
import { show } from "../../../kernel/view/index.ts";
import { bundleOf, specOf } from "../decode.ts";
import { expectPicture } from "../snapshot.ts";
import { digits, edgeNetwork, exactDigit } from "./edgeNetwork.ts";

const image = exactDigit(digits.test.at(0)[0]);
const model = edgeNetwork();

/** The chart as a front end runs it. */
async function run(spec: object): Promise<vega.View> {
  const view = new vega.View(vega.parse(compile(spec as TopLevelSpec).spec), { renderer: "none" });
  return view.runAsync();
}

/** What the pointer over a unit does: the selection of map `number` holds that unit, and nothing else. */
async function point(view: vega.View, number: number, row: number, column: number): Promise<void> {
  const [kept] = view.data(`unit${number}_store`) as { unit: string; fields: unknown[] }[];
  const { unit, fields } = kept!;
  await view.data(`unit${number}_store`, [{ unit, fields, values: [row, column] }]).runAsync();
}

interface Item {
  marktype?: string;
  stroke?: string;
  items?: Item[];
  datum?: Record<string, number>;
}

/** The places of the frames over the image, by colour. */
function frames(view: vega.View): Record<string, number[]> {
  const found: Record<string, number[]> = {};
  const visit = (item: Item) => {
    const { stroke, datum } = item;
    if (stroke !== undefined && datum?.left !== undefined && "strokeDash" in item)
      found[stroke] = ["top", "left", "bottom", "right"].map((side) => datum[side]!);
    for (const part of item.items ?? []) visit(part);
  };
  visit((view.scenegraph() as unknown as { root: Item }).root);
  return found;
}

const blue = "#0072b2";
const orange = "#d55e00";

describe("show.receptiveField", () => {
  it("draws maps, the image, and what the units in the middle see", async () => {
    const shown = show.receptiveField(model, image);
    const bundle = expectPicture("receptiveField", shown);
    const log = { messages: [] };
    await chartSvg(specOf(bundle), log);
    expect(log.messages).toEqual([]);
    expect(String(shown)).toBe(
      "What one unit sees of 28×28 pixels in Sequential: 0.0 5×5, 0.2 6×6, 0.3 10×10, 0.5 12×12.",
    );
  });

  it("frames what the unit under the pointer sees, as inspection has it, and leaves the other layers' frames", async () => {
    const fields = inspection.receptiveField(model, [1, 28, 28]);
    const place = (layer: string, unit: [number, number]) => {
      const { top, left, bottom, right } = fields.patch(layer, unit);
      return [top, left, bottom, right];
    };
    const view = await run(specOf(bundleOf(show.receptiveField(model, image, { layer: ["0.0", "0.3"] }))));
    expect(frames(view)).toMatchObject({
      [blue]: place("0.0", [14, 14]),
      [orange]: place("0.3", [7, 7]),
    });
    await point(view, 1, 0, 13);
    expect(frames(view)).toMatchObject({
      [blue]: place("0.0", [14, 14]),
      [orange]: place("0.3", [0, 13]),
    });
    await point(view, 0, 20, 3);
    expect(frames(view)).toMatchObject({ [blue]: place("0.0", [20, 3]), [orange]: place("0.3", [0, 13]) });
    view.finalize();
  });

  it("keeps what is drawn of large images and deep networks below 200 KB", () => {
    seed(1);
    const colour = rand([3, 150, 224]);
    const deep = nn.sequential(
      ...Array.from({ length: 7 }, (_, i) => nn.conv2d(i === 0 ? 3 : 4, 4, 3, { stride: i === 2 ? 2 : 1 })),
    );
    const shown = show.receptiveField(deep, colour, { layer: ["0", "1", "2", "3", "4", "6"] });
    expect(JSON.stringify(bundleOf(shown)).length).toBeLessThan(200_000);
    expect(String(shown)).toContain("of 150×224 pixels");
  });

  it("follows the channel, and layers given themselves", () => {
    const net = models.leNet5();
    const of = (channel?: number) =>
      JSON.stringify(
        specOf(
          bundleOf(
            show.receptiveField(net, image, { layer: net.c1, ...(channel === undefined ? {} : { channel }) }),
          ),
        ),
      );
    expect(of(2)).toContain("channel 2 of 6×28×28");
    expect(of(2)).not.toBe(of(3));
  });

  it("says what it cannot draw", () => {
    const of = (options: object) => () => show.receptiveField(model, image, options);
    expect(of({ layer: "9" })).toThrow(/no layer "9" with maps; layers with maps: 0.0, 0.1, 0.2/);
    expect(of({ layer: "2" })).toThrow(/no layer "2" with maps/);
    expect(of({ layer: "0.0", channel: 8 })).toThrow(/from 0 to 7 in layer 0.0, got 8/);
    expect(of({ layer: [] })).toThrow(/1 to 6 layers at once, got 0/);
    const flat = nn.sequential(nn.flatten(), nn.linear(784, 3));
    expect(() => show.receptiveField(flat, image)).toThrow(/no layer of this model gives maps/);
    expect(() => show.receptiveField(model, digits.test.images)).toThrow(/expected one image/);
  });
});
