import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  inspection,
  memoryReport,
  models,
  nn,
  noGrad,
  rand,
  seed,
  shapeOnlyBackend,
  type Tensor,
  tensor,
  withBackend,
} from "../../../engine/index.ts";

type Layered = Parameters<typeof inspection.receptiveField>[0];

/** What a unit really depends on: NaN in a row or column of the image reaches it, or does not. */
function probe(model: Layered, [channels, height, width]: number[], layer: string, unit: [number, number]) {
  const reached = (axis: 2 | 3, at: number): boolean => {
    const values = new Float32Array(channels! * height! * width!).fill(1);
    values.forEach((_, i) => {
      const place = axis === 2 ? Math.floor(i / width!) % height! : i % width!;
      if (place === at) values[i] = Number.NaN;
    });
    const image = tensor(values, { shape: [1, channels!, height!, width!] });
    const output = noGrad(() => model.eval().trace(image)).findLast(({ path }) => path === layer)!.output;
    const [, , outHeight, outWidth] = output.shape as [number, number, number, number];
    return Number.isNaN(output.toTypedArray()[unit[0] * outWidth + unit[1]]) && unit[0] < outHeight;
  };
  const range = (axis: 2 | 3, length: number) =>
    Array.from({ length }, (_, i) => i).filter((i) => reached(axis, i));
  const [rows, columns] = [range(2, height!), range(3, width!)];
  return { top: rows[0], left: columns[0], bottom: rows.at(-1)! + 1, right: columns.at(-1)! + 1 };
}

/** Whether every layer's window fits into what the layers before leave of a side. */
function fits(
  layers: { kind: string; kernel: number; stride: number; dilation: number; border: string }[],
  side: number,
): boolean {
  let length = side;
  for (const { kind, kernel, stride, dilation, border } of layers) {
    const reach = (kind === "conv" ? dilation : 1) * (kernel - 1) + 1;
    const room = length + 2 * Math.floor((kernel - (border === "zeros" ? 0 : 1)) / 2) - reach;
    if (room < 0) return false;
    length = Math.floor(room / stride) + 1;
  }
  return true;
}

class Branches extends nn.Module {
  long = nn.sequential(nn.conv2d(1, 2, 3, { padding: 1 }), nn.conv2d(2, 2, 3, { padding: 2, dilation: 2 }));
  short = nn.conv2d(1, 2, 1);
  down = nn.avgPool2d(2);
  up = nn.convTranspose2d(4, 2, 3, { stride: 2 });
  end = nn.conv2d(2, 1, 3);
  forward(x: Tensor): Tensor {
    const both = nn.concat(this.long, this.short)(x);
    return this.end(this.up(this.down(both)));
  }
}

describe("receptive fields", () => {
  it("are the published ones of AlexNet's and VGG-16's last pooling: 195 and 212", () => {
    const lastPooling = (make: () => Layered) =>
      withBackend(shapeOnlyBackend, () => {
        const { layers } = inspection.receptiveField(make(), [3, 224, 224]);
        return layers.findLast(({ type }) => type === "MaxPool2d")!.size;
      });
    expect(lastPooling(() => models.alexNet())).toEqual([195, 195]);
    expect(lastPooling(() => models.vgg16())).toEqual([212, 212]);
  });

  it("give the patch that a unit depends on, along branches and back up again", () => {
    seed(0);
    const model = new Branches();
    const shape = [1, 12, 14];
    const fields = inspection.receptiveField(model, shape);
    for (const [layer, unit] of [
      ["long.1", [0, 0]],
      ["long.1", [6, 7]],
      ["down", [2, 3]],
      ["up", [4, 5]],
      ["end", [0, 0]],
      ["end", [5, 7]],
    ] as [string, [number, number]][])
      expect(fields.patch(layer, unit), `${layer} ${unit}`).toEqual(probe(model, shape, layer, unit));
  });

  it("are what NaN in the image reaches, for random stacks", () => {
    const layer = fc.record({
      kind: fc.constantFrom("conv", "max", "average"),
      kernel: fc.integer({ min: 1, max: 4 }),
      stride: fc.integer({ min: 1, max: 3 }),
      dilation: fc.integer({ min: 1, max: 2 }),
      border: fc.constantFrom("zeros", "reflect", "replicate"),
    });
    fc.assert(
      fc.property(
        fc.array(layer, { minLength: 1, maxLength: 3 }),
        fc.nat(),
        fc.nat(),
        (layers, row, column) => {
          const model = nn.sequential(
            ...layers.map(({ kind, kernel, stride, dilation, border: paddingMode }) => {
              const padding = Math.floor((kernel - (paddingMode === "zeros" ? 0 : 1)) / 2);
              if (kind === "max") return nn.maxPool2d(kernel, { stride, padding });
              if (kind === "average") return nn.avgPool2d(kernel, { stride, padding });
              return nn.conv2d(1, 1, kernel, { stride, dilation, padding, paddingMode });
            }),
          );
          const shape = [1, 17, 16];
          fc.pre(fits(layers, 16));
          const { outputShape } = model.trace(rand([1, ...shape])).at(-1)!;
          const unit: [number, number] = [row % outputShape[2]!, column % outputShape[3]!];
          const path = String(layers.length - 1);
          const patch = inspection.receptiveField(model, shape).patch(path, unit);
          // Dilated kernels leave gaps: what is reached may begin a little later, and never lies outside.
          const seen = probe(model, shape, path, unit);
          if (layers.every(({ dilation, kind }) => dilation === 1 || kind !== "conv"))
            expect(patch).toEqual({ ...patch, ...seen });
          else {
            expect(patch.top).toBeLessThanOrEqual(seen.top!);
            expect(patch.left).toBeLessThanOrEqual(seen.left!);
            expect(patch.bottom).toBeGreaterThanOrEqual(seen.bottom);
            expect(patch.right).toBeGreaterThanOrEqual(seen.right);
          }
        },
      ),
      { numRuns: 25, seed: 5 },
    );
  });

  it("leave nothing out where a border comes from the other side, or mirrors further than the window reaches", () => {
    for (const [paddingMode, kernel, padding] of [
      ["circular", 3, 1],
      ["reflect", 2, 1],
    ] as const) {
      seed(1);
      const model = nn.sequential(nn.conv2d(1, 1, kernel, { padding, paddingMode }));
      for (const unit of [
        [0, 0],
        [4, 4],
        [8, 8],
      ] as [number, number][]) {
        const patch = inspection.receptiveField(model, [1, 9, 9]).patch("0", unit);
        const seen = probe(model, [1, 9, 9], "0", unit);
        expect([
          patch.top <= seen.top!,
          patch.bottom >= seen.bottom,
          patch.left <= seen.left!,
          patch.right >= seen.right,
        ]).toEqual([true, true, true, true]);
      }
    }
  });

  it("pass normalisation across channels and enlargement", () => {
    const model = nn.sequential(
      nn.conv2d(1, 4, 3),
      nn.localResponseNorm(3),
      nn.batchNorm2d(4),
      nn.upsample(2),
      nn.conv2d(4, 1, 3, { padding: 1 }),
    );
    const fields = inspection.receptiveField(model, [1, 10, 10]);
    expect(fields.layers.map(({ size }) => size[0])).toEqual([3, 3, 3, 3, 4]);
    expect(fields.layers.at(-1)!.stride).toEqual([0.5, 0.5]);
    for (const unit of [
      [0, 0],
      [5, 8],
    ] as [number, number][])
      expect(fields.patch("4", unit)).toEqual(probe(model, [1, 10, 10], "4", unit));
  });

  it("hold no numbers", () => {
    const model = models.leNet5();
    inspection.receptiveField(model, [1, 28, 28]);
    const before = memoryReport().bytes;
    const fields = Array.from({ length: 20 }, () => inspection.receptiveField(model, [1, 28, 28]));
    expect(memoryReport().bytes - before).toBeLessThan(20_000);
    expect(fields[3]!.patch("c3", [2, 2])).toEqual({ top: 2, left: 2, bottom: 16, right: 16 });
  });

  it("print themselves as a table", () => {
    expect(
      String(inspection.receptiveField(nn.sequential(nn.conv2d(1, 1, 5, { stride: 2 })), [1, 9, 9])),
    ).toBe("0  5 × 5 pixels, every 2  Conv2d");
  });

  it.each<[() => unknown, RegExp]>([
    [
      () => inspection.receptiveField(models.leNet5(), [28, 28]),
      /the shape of an image is \[C, H, W\].*got \[28, 28\]/,
    ],
    [
      () => inspection.receptiveField(models.leNet5(), 28 as never),
      /the shape of an image is \[C, H, W\].*got 28/,
    ],
    [() => inspection.receptiveField({} as never, [1, 28, 28]), /model must be a module/],
    [() => inspection.receptiveField(models.leNet5(), [3, 28, 28]), /c1.*channels/],
    [
      () => inspection.receptiveField(models.leNet5(), [1, 28, 28]).patch("c9", [0, 0]),
      /no layer "c9"; it has c1/,
    ],
    [
      () => inspection.receptiveField(models.leNet5(), [1, 28, 28]).patch("c3", [10, 0]),
      /a unit is \[row, column\] in a map of 10 × 10; got \[10, 0\]/,
    ],
  ])("explain %s", (act, message) => {
    expect(act).toThrow(message);
  });
});
