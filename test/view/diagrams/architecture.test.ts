/** Pictures of architectures: boxes with branches, and the volumes of LeNet-5's paper. */
import { describe, expect, test } from "vitest";
import { withBackend } from "../../../engine/backend/current.ts";
import { shapeOnlyBackend } from "../../../engine/backend/shapeOnly.ts";
import { inspection, models, nn } from "../../../engine/index.ts";
import { volumes } from "../../../kernel/view/diagrams/volumes.ts";
import type { DiagramNode } from "../../../kernel/view/drawing/diagram.ts";
import { diagramSvg } from "../../../kernel/view/drawing/diagram-image.ts";
import { show } from "../../../kernel/view/index.ts";
import { bundleOf, pictureOf } from "../decode.ts";
import { expectPicture } from "../snapshot.ts";

describe("show.architecture", () => {
  test("takes models of whole numbers: an embedding looks up what the input says", () => {
    const reader = nn.sequential(nn.embedding(50, 8), nn.flatten(), nn.linear(32, 5));
    const shown = show.architecture(reader, [4]);
    expect(String(shown)).toBe("Sequential: 3 layers; 565 parameters; from 4 to 5.");
    expectPicture("architecture-embedding", shown);
    expect(inspection.architecture(reader, [4]).edges).toEqual([
      { from: 0, to: 1 },
      { from: 1, to: 2 },
      { from: 2, to: 3 },
    ]);
    expect(inspection.summary(reader, [4]).parameters).toBe(565);
    expect(String(show.summary(reader, [4]))).toContain("4×8");
    const late = nn.sequential(nn.linear(4, 4), nn.embedding(3, 2));
    expect(() => show.architecture(late, [4])).toThrow(/int32/);
  });

  test("a chain of layers runs in rows", () => {
    const shown = show.architecture(models.leNet5(), [1, 28, 28]);
    expect(String(shown)).toBe("LeNet5: 12 layers; 61,706 parameters; from 1×28×28 to 10.");
    expectPicture("architecture", shown);
  });

  test("001.45: the maps of LeNet-5 as sheets", () => {
    expectPicture(
      "architecture-volumes",
      show.architecture(models.leNet5(), [1, 28, 28], { style: "volumes" }),
    );
  });

  test("a window on each map is what the next layer's kernel covers, where that is known and in the same row", () => {
    const windowsOf = (model: nn.Module, shape: number[]) =>
      volumes(inspection.architecture(model, shape, { depth: 9 })).edges.map(({ window }) => window);
    const lenet = windowsOf(models.leNet5(), [1, 28, 28]);
    expect(lenet.slice(0, 5).map((window) => window?.map((share) => share * 140))).toEqual(
      [25, 10, 50, 28, 140].map((side) => [expect.closeTo(side), expect.closeTo(side)]),
    );
    expect(lenet.slice(5)).toEqual([undefined, undefined]);
    const others = nn.sequential(
      nn.convTranspose2d(1, 2, 3),
      nn.adaptiveAvgPool2d(4),
      nn.conv2d(2, 2, [1, 3]),
    );
    expect(windowsOf(others, [1, 8, 12])).toEqual([undefined, undefined, [3 / 4, 1 / 4]]);
    const maps = (id: string): DiagramNode => ({
      id,
      lines: [],
      shape: "sheets",
      sheets: 2,
      size: [200, 60],
    });
    const edges = [{ from: "a", to: "b", window: [0.2, 0.3] as const }];
    const drawn = (maxWidth: number) =>
      diagramSvg({ title: "", nodes: [maps("a"), maps("b")], edges, arrange: "rows", maxWidth });
    const lines = /<path d="M[^"]*" stroke="#8a4b00"/g;
    expect(drawn(900).match(lines)).toHaveLength(4);
    expect(drawn(240).match(lines)).toBeNull();
  });

  test("003.61: branches are drawn as branches, modules as frames in frames", () => {
    const model = models.googLeNetSmall();
    const block = nn.sequential(model.at(0), model.at(2), nn.globalAvgPool2d(), nn.linear(40, 10));
    expectPicture(
      "architecture-inception",
      show.architecture(block, [1, 14, 14], { depth: 3, title: "An Inception module" }),
    );
  });

  test("a residual branch runs beside its block into the sum", () => {
    const body = nn.sequential(nn.conv2d(8, 8, 3, { padding: 1 }), nn.relu());
    const model = nn.sequential(nn.conv2d(1, 8, 3, { padding: 1 }), nn.residual(body), nn.relu());
    expectPicture("architecture-residual", show.architecture(model, [1, 14, 14]));
  });

  test.each([
    [
      "resNet152",
      "ResNet: 5 layers, 50 closed modules, 1 operation; 60,192,808 parameters; from 3×224×224 to 1000.",
    ],
    [
      "googLeNet",
      "GoogLeNet: 7 layers, 12 closed modules, 1 operation; 6,998,552 parameters; from 3×224×224 to 1000.",
    ],
    ["vgg16", "Vgg: 37 layers; 138,357,544 parameters; from 3×224×224 to 1000."],
    ["vgg19", "Vgg: 43 layers; 143,667,240 parameters; from 3×224×224 to 1000."],
  ] as const)("%s fits into a display", (name, text) => {
    const shown = show.architecture(
      withBackend(shapeOnlyBackend, () => models[name]()),
      [3, 224, 224],
    );
    expect(String(shown)).toBe(text);
    const bundle = bundleOf(shown);
    expect(JSON.stringify(bundle).length).toBeLessThan(200_000);
    expect(pictureOf(bundle).width).toBeLessThanOrEqual(2 * 924);
  });

  test("vectors, single layers and maps that are not square", () => {
    const network = nn.sequential(nn.conv2d(2, 5, 3), nn.relu(), nn.flatten(), nn.linear(5 * 4 * 10, 3));
    for (const style of ["boxes", "volumes"] as const)
      expect(String(show.architecture(network, [2, 6, 12], { style }))).toContain("from 2×6×12 to 3.");
    expect(String(show.architecture(nn.linear(4, 2), [4]))).toBe(
      "Linear: 1 layer; 10 parameters; from 4 to 2.",
    );
    expect(String(show.architecture(models.mlp([4, 3, 2]), [4]))).toContain("3 layers");
    const heads = nn.sequential(
      nn.linear(4, 4),
      nn.parallel(nn.linear(4, 3), nn.linear(4, 1)) as unknown as nn.Module,
    );
    expect(String(show.architecture(heads, [4]))).toContain("from 4 to 3 and 1.");
  });

  test("says what is wrong", () => {
    const residual = nn.sequential(nn.conv2d(1, 1, 1), nn.residual(nn.conv2d(1, 1, 1)));
    expect(() => show.architecture(residual, [1, 4, 4], { style: "volumes" })).toThrow(
      'show.architecture: volumes are drawn of chains of layers, this network has branches; use style "boxes"',
    );
    expect(() => show.architecture(models.mlp([4, 2]), [4], { style: "volumes" })).toThrow(
      "volumes are drawn of networks with maps [C, H, W]",
    );
    expect(() => Reflect.apply(show.architecture, null, [nn.relu, [4]])).toThrow(
      "show.architecture: model must be a module",
    );
    expect(() => Reflect.apply(show.architecture, null, [nn.linear(4, 2), [4], { style: "round" }])).toThrow(
      'style is "boxes" or "volumes", got the string "round"',
    );
  });
});
