/** Normalisation, activations, combinators, transposed convolution as students use them: state, modes, mistakes. */
import { describe, expect, it } from "vitest";
import { withBackend } from "../../../engine/backend/current.ts";
import { referenceBackend } from "../../../engine/backend/reference.ts";
import { checkGradient } from "../../../engine/checkgradient.ts";
import { ones, randn, tensor, zeros } from "../../../engine/creation.ts";
import { noGrad } from "../../../engine/gradmode.ts";
import * as nn from "../../../engine/nn/index.ts";
import { conv3d, convTranspose3d } from "../../../engine/ops/volumes.ts";
import { Generator } from "../../../engine/random.ts";
import type { Tensor } from "../../../engine/tensor.ts";

describe("batch normalisation", () => {
  it("takes a tenth of each batch's mean and unbiased variance into its running ones", () => {
    const layer = nn.batchNorm1d(1);
    layer(tensor([[1], [2], [3], [4]]));
    expect(layer.runningMean!.toTypedArray()[0]).toBeCloseTo(0.25, 6);
    expect(layer.runningVar!.toTypedArray()[0]).toBeCloseTo(0.9 + (0.1 * 5) / 3, 6);
  });

  it("does not depend on the batch in evaluation, and then changes no statistics", () => {
    const layer = nn.batchNorm2d(3);
    for (let i = 0; i < 5; i++) layer(randn([4, 3, 5, 5]).add(2));
    layer.eval();
    const before = layer.stateDict();
    const batch = randn([4, 3, 5, 5]);
    const together = layer(batch).toArray();
    const alone = [0, 1, 2, 3].map((i) =>
      layer(batch.narrow(0, i, 1))
        .squeeze(0)
        .toArray(),
    );
    expect(alone).toEqual(together);
    expect(layer.stateDict().runningVar!.toArray()).toEqual(before.runningVar!.toArray());
    expect(layer.numBatchesTracked!.item()).toBe(5);
  });

  it("has its statistics in the state, and none among the parameters", () => {
    const layer = nn.batchNorm2d(3);
    expect(layer.parameterCount).toBe(6);
    expect(Object.keys(layer.stateDict()).sort()).toEqual(
      ["bias", "numBatchesTracked", "runningMean", "runningVar", "weight"].sort(),
    );
    for (let i = 0; i < 3; i++) layer(randn([4, 3, 5, 5]));
    const copy = nn.batchNorm2d(3).loadStateDict(layer.stateDict());
    const x = randn([2, 3, 5, 5]);
    expect(copy.eval()(x).toArray()).toEqual(layer.eval()(x).toArray());
  });

  it("updates its statistics under noGrad too, and keeps them through backward", () => {
    const model = nn.sequential(nn.linear(3, 4), nn.batchNorm1d(4), nn.linear(4, 1));
    noGrad(() => model(randn([8, 3])));
    for (let i = 0; i < 4; i++)
      model(randn([8, 3]))
        .sum()
        .backward();
    expect(model.stateDict()["1.numBatchesTracked"]!.item()).toBe(5);
    expect(Array.from(model.stateDict()["1.runningVar"]!.toTypedArray()).every(Number.isFinite)).toBe(true);
  });

  it("has the gradient of differences", () => {
    withBackend(referenceBackend, () => {
      const layer = nn.batchNorm1d(3, { trackRunningStats: false });
      for (const parameter of layer.parameters()) parameter.requiresGrad = false;
      const x = randn([5, 3], { dtype: "float64" });
      x.requiresGrad = true;
      layer.weight = null;
      layer.bias = null;
      expect(checkGradient(() => layer(x).square().mul(layer(x)), [x]).ok).toBe(true);
    });
  });

  it("says what does not fit", () => {
    expect(() => nn.batchNorm2d(3)(randn([2, 4, 5, 5]))).toThrow(
      "BatchNorm2d(3): expected [N, 3, H, W], got [2, 4, 5, 5]; the input has 4 channels: nn.batchNorm2d(4)",
    );
    // A side that happens to be the number of channels does not make them the last.
    expect(() => nn.batchNorm2d(8)(randn([2, 16, 8, 8]))).toThrow(
      /the input has 16 channels: nn\.batchNorm2d\(16\)/,
    );
    expect(() => nn.batchNorm2d(3)(randn([2, 8, 8, 3]))).toThrow(/x\.permute\(\[0, 3, 1, 2\]\)/);
    expect(() => nn.batchNorm2d(3)(randn([2, 3]))).toThrow(/for feature vectors use nn\.batchNorm1d\(3\)/);
    expect(() => nn.batchNorm1d(3)(randn([2, 3, 5, 5]))).toThrow(/for images use nn\.batchNorm2d\(3\)/);
    expect(() => nn.batchNorm1d(3)(randn([2, 5]))).toThrow(/make this layer nn\.batchNorm1d\(5\)/);
    expect(() => nn.batchNorm1d(3)(randn([3]))).toThrow(/x\.unsqueeze\(0\)/);
    expect(() => nn.sequential(nn.linear(2, 3), nn.batchNorm1d(3))(randn([1, 2]))).toThrow(
      /Sequential\.1 \(BatchNorm1d 3\): training needs at least 2 values per channel .* got 1 in \[1, 3\]; .* model\.eval\(\)/,
    );
    expect(nn.batchNorm1d(3).eval()(randn([1, 3])).shape).toEqual([1, 3]);
    expect(() => nn.batchNorm2d(0)).toThrow(/batchNorm2d: channels must be a whole number ≥ 1, got 0/);
    expect(() => nn.batchNorm2d(3, { momentum: 2 })).toThrow(/momentum is the share of the new batch/);
  });

  it("prints itself", () => {
    expect(nn.batchNorm2d(64).toString()).toBe("BatchNorm2d(64), 128 parameters");
    expect(nn.batchNorm1d(4, { momentum: null, affine: false }).toString()).toBe(
      "BatchNorm1d(4, cumulative, not affine)",
    );
  });
});

describe("layer normalisation", () => {
  it("says what does not fit", () => {
    expect(() => nn.layerNorm(4)(randn([2, 5]))).toThrow(
      "LayerNorm(4): expected […, 4], got [2, 5]; make this layer nn.layerNorm(5)",
    );
    expect(() => nn.layerNorm([2, 3])(randn([4, 3, 2]))).toThrow(/make this layer nn\.layerNorm\(\[3, 2\]\)/);
    expect(() => nn.layerNorm([])).toThrow(/give the sizes of the last dimensions/);
  });
});

describe("activations", () => {
  it("step and sign fire only above 0", () => {
    const x = tensor([-2, 0, 3], { requiresGrad: true });
    expect(nn.step()(x).toArray()).toEqual([0, 0, 1]);
    expect(nn.sign()(x).toArray()).toEqual([-1, -1, 1]);
    nn.sign()(x).sum().backward();
    expect(x.grad!.toArray()).toEqual([0, 0, 0]);
  });

  it("a maxout unit is the larger of two planes", () => {
    const layer = nn.linear(2, 2);
    layer.weight = nn.parameter(tensor([[1, 2], [-3, 1]])); // biome-ignore format: two planes
    layer.bias = nn.parameter(tensor([0.5, -0.5]));
    const x = tensor([
      [1, 1],
      [-2, 1],
    ]);
    expect(nn.sequential(layer, nn.maxout(2))(x).toArray()).toEqual([[3.5], [6.5]]);
  });

  it("prelu learns its slope, and is leaky relu with that slope", () => {
    const layer = nn.prelu();
    expect(layer.toString()).toBe("PReLU(one slope), 1 parameter");
    const x = tensor([-4, 2]);
    expect(layer(x).toArray()).toEqual([-1, 2]);
    layer(x).sum().backward();
    expect(layer.weight.grad!.toArray()).toEqual([-4]);
  });

  it("say what does not fit", () => {
    expect(() => nn.prelu(3)(randn([2, 4]))).toThrow(
      "PReLU(3 slopes): expected [N, 3, …], got [2, 4]; make this layer nn.prelu(4), or nn.prelu() with one slope for all",
    );
    expect(() => nn.maxout(2)(randn([2, 5]))).toThrow(/Maxout\(2 pieces\): maxout: 2 pieces do not divide/);
    expect(() => Reflect.apply(nn.leakyRelu, undefined, ["0.1"])).toThrow(
      /leakyRelu: slope must be a number/,
    );
    expect(() => Reflect.apply(nn.elu, undefined, [Number.NaN])).toThrow(
      /elu: alpha must be a number, got NaN/,
    );
  });
});

describe("combinators", () => {
  it("residual adds its input, and names its parts", () => {
    const block = nn.residual(nn.sequential(nn.linear(3, 3), nn.relu()), nn.linear(3, 3));
    expect(block.namedParameters().map(([path]) => path)).toEqual([
      "body.0.weight",
      "body.0.bias",
      "shortcut.weight",
      "shortcut.bias",
    ]);
    const body = nn.linear(2, 2);
    nn.init.zeros(body.weight);
    nn.init.zeros(body.bias!);
    expect(
      nn
        .residual(body)(tensor([[1, 2]]))
        .toArray(),
    ).toEqual([[1, 2]]);
  });

  it("parallel returns what each head gives, and all learn", () => {
    const heads = nn.parallel(nn.linear(4, 10), nn.linear(4, 3));
    const [digit, colour] = heads(ones([2, 4])) as [Tensor, Tensor];
    expect([digit.shape, colour.shape]).toEqual([
      [2, 10],
      [2, 3],
    ]);
    digit.sum().add(colour.sum()).backward();
    expect(heads.parameters().every(({ grad }) => grad !== null)).toBe(true);
    expect(heads.namedParameters().map(([path]) => path)).toEqual([
      "0.weight",
      "0.bias",
      "1.weight",
      "1.bias",
    ]);
  });

  it("say what does not fit", () => {
    const x = zeros([1, 4, 8, 8]);
    expect(() => nn.residual(nn.conv2d(4, 6, 3, { padding: 1, stride: 2 }))(x)).toThrow(
      /^Residual: the body gives \[1, 6, 4, 4\], the shortcut \[1, 4, 8, 8\], and they are added; give a shortcut of that shape: nn\.conv2d\(4, 6, 1, \{ stride: 2 \}\)$/,
    );
    expect(() => nn.residual(nn.linear(2, 3))(zeros([1, 2]))).toThrow(/nn\.linear\(2, 3\)$/);
    expect(() => nn.concat(nn.conv2d(4, 2, 1), nn.conv2d(4, 2, 3))(x)).toThrow(
      /^Concat: branch 1 gives \[1, 2, 6, 6\], branch 0 \[1, 2, 8, 8\]; all sizes except the channels/,
    );
    expect(() => nn.concat()).toThrow(/concat: give at least one module/);
    expect(() => Reflect.apply(nn.parallel, undefined, [nn.relu])).toThrow(
      /parallel: branch 0 must be a module.*call it/,
    );
    expect(() => Reflect.apply(nn.residual, undefined, [undefined])).toThrow(
      /residual: the body must be a module/,
    );
  });
});

describe("transposed convolution", () => {
  it("enlarges what the convolution of the same options shrinks", () => {
    const shrink = nn.conv2d(3, 5, 4, { stride: 2, padding: 1 });
    const enlarge = nn.convTranspose2d(5, 3, 4, { stride: 2, padding: 1 });
    const x = randn([2, 3, 14, 10]);
    expect(enlarge(shrink(x)).shape).toEqual(x.shape);
    expect(enlarge.toString()).toBe(
      "ConvTranspose2d(5 → 3, kernel 4×4, stride 2, padding 1), 243 parameters",
    );
  });

  it("says what does not fit", () => {
    expect(() => nn.convTranspose2d(4, 2, 3)(zeros([1, 3, 8, 8]))).toThrow(
      "ConvTranspose2d(4 → 2, kernel 3×3): expected [N, 4, H, W], got [1, 3, 8, 8]; the input has 3 channels: nn.convTranspose2d(3, 2, …)",
    );
    expect(() => nn.convTranspose2d(4, 2, 3, { groups: 3 })).toThrow(
      /3 groups must divide both 4 input and 2 output/,
    );
  });
});

describe("convolution's and pooling's options", () => {
  it("are printed", () => {
    expect(nn.conv2d(1, 2, 3, { padding: 1, paddingMode: "reflect", flip: true }).details()).toBe(
      "1 → 2, kernel 3×3, padding 1, reflect, flipped",
    );
    expect(nn.maxPool2d(3, { stride: 2, ceilMode: true }).details()).toBe("3×3, stride 2, rounded up");
    expect(nn.maxUnpool2d(2, { outputSize: 5 }).details()).toBe("2×2, to 5×5");
  });

  it("say what does not fit", () => {
    expect(() => Reflect.apply(nn.conv2d, undefined, [1, 1, 3, { paddingMode: "mirror" }])).toThrow(
      /conv2d: paddingMode must be "zeros", "reflect", "replicate" or "circular", got the string "mirror"/,
    );
    expect(() => nn.conv2d(1, 1, 5, { padding: 4, paddingMode: "reflect" })(randn([1, 1, 4, 8]))).toThrow(
      /Conv2d\(.*\): pad: mode "reflect" needs more than 4 values along dimension \d; it has 4/,
    );
    const [values, indices] = nn.maxPool2dWithIndices(2)(
      randn([1, 1, 5, 5])
        .add(9)
        .mul(ones([5])),
    );
    expect(indices.shape).toEqual([1, 1, 2, 2]);
    expect(() => nn.maxUnpool2d(2)(values, values)).toThrow(
      /MaxUnpool2d\(2×2\): maxUnpool2d: the indices are int32/,
    );
    expect(() =>
      nn.maxUnpool2d(2)(
        values,
        tensor(
          [
            [
              [
                [0, 3],
                [10, 24],
              ],
            ],
          ],
          { dtype: "int32" },
        ),
      ),
    ).toThrow(/index 24 lies outside the output of 4 × 4; give the size that was pooled as outputSize/);
  });
});

describe("dropout2d", () => {
  it("drops whole maps, in training only", () => {
    const layer = nn.dropout2d(0.4, { generator: new Generator(6) });
    const maps = layer(ones([50, 20, 2, 3]))
      .reshape([1000, 6])
      .toArray() as number[][];
    expect(maps.every((map) => map.every((value) => value === map[0]))).toBe(true);
    const dropped = maps.filter((map) => map[0] === 0).length / maps.length;
    expect(Math.abs(dropped - 0.4)).toBeLessThan(5 * Math.sqrt(0.24 / 1000));
    expect(maps.every((map) => map[0] === 0 || Math.abs(map[0]! - 1 / 0.6) < 1e-6)).toBe(true);
    const x = ones([1, 2, 3, 3]);
    expect(layer.eval()(x)).toBe(x);
    expect(() => nn.dropout2d(0.4)(ones([2, 3]))).toThrow(/expected \[N, C, H, W\], got \[2, 3\]/);
    expect(() => nn.dropout2d(2)).toThrow(
      /dropout2d: p is the share of maps to drop, between 0 and 1, got 2/,
    );
  });
});

describe("locally connected layers", () => {
  it("with equal weights everywhere are a convolution", () => {
    const layer = nn.locallyConnected2d(2, 3, 3, { inputSize: [5, 6] });
    const conv = nn.conv2d(2, 3, 3);
    layer.weight = nn.parameter(conv.weight.detach().expand([3, 4, 3, 2, 3, 3]));
    layer.bias = nn.parameter(conv.bias!.detach().reshape([3, 1, 1]).expand([3, 3, 4]));
    const x = randn([2, 2, 5, 6]);
    const [y, z] = [layer(x).toTypedArray(), conv(x).toTypedArray()];
    y.forEach((value, i) => {
      expect(value).toBeCloseTo(z[i]!, 5);
    });
  });

  it("say what does not fit", () => {
    expect(() => Reflect.apply(nn.locallyConnected2d, undefined, [1, 1, 3])).toThrow(
      /give the size of the images, \{ inputSize: \[28, 28\] \}/,
    );
    expect(() => nn.locallyConnected2d(1, 2, 3, { inputSize: 8 })(ones([1, 1, 9, 8]))).toThrow(
      "LocallyConnected2d(1 → 2, kernel 3×3, on 8×8): expected [N, 1, 8, 8], got [1, 1, 9, 8]; the weights belong to places: make this layer with { inputSize: [9, 8] }",
    );
    expect(() => nn.locallyConnected2d(1, 2, 9, { inputSize: 8 })).toThrow(
      /kernel 9 does not fit images of 8 × 8/,
    );
  });
});

describe("layers of one and three dimensions", () => {
  it("print themselves", () => {
    expect(nn.conv1d(1, 8, 5, { padding: "same" }).toString()).toBe(
      "Conv1d(1 → 8, kernel 5, padding same), 48 parameters",
    );
    expect(nn.conv3d(1, 2, 3, { stride: 2, padding: [1, 0, 0] }).toString()).toBe(
      "Conv3d(1 → 2, kernel 3×3×3, stride 2, padding 1×0×0), 56 parameters",
    );
    expect(nn.convTranspose3d(2, 1, 2, { stride: [1, 2, 2], bias: false }).toString()).toBe(
      "ConvTranspose3d(2 → 1, kernel 2×2×2, stride 1×2×2, no bias), 16 parameters",
    );
  });

  it("⟨conv x, y⟩ = ⟨x, convTranspose y⟩ in three dimensions", () => {
    const generator = new Generator(9);
    const whole = (shape: readonly number[]): Tensor =>
      tensor(
        Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => generator.integer(7) - 3),
        { shape },
      );
    const options = { stride: [2, 1, 3], padding: [1, 0, 2], dilation: [2, 1, 1], groups: 2 } as const;
    const [x, w] = [whole([2, 4, 7, 5, 6]), whole([6, 2, 3, 2, 3])];
    const forward = conv3d(x, w, null, options);
    const y = whole(forward.shape);
    const back = convTranspose3d(y, w, null, { ...options, outputPadding: [0, 0, 1] });
    expect(back.shape).toEqual(x.shape);
    expect(back.mul(x).sum().item()).toBe(forward.mul(y).sum().item());
  });
});

describe("layers for signals, symbols and sizes say what does not fit", () => {
  const cases: [() => unknown, RegExp][] = [
    [
      () => nn.conv1d(1, 2, 3)(ones([4, 9])),
      /^Conv1d\(1 → 2, kernel 3\): expected \[N, 1, L\], got \[4, 9\]; .*unsqueeze\(1\)/,
    ],
    [() => nn.conv1d(3, 2, 3)(ones([4, 9, 3])), /the channels come second, not last: x\.transpose\(1, 2\)/],
    [() => nn.conv1d(3, 2, 3)(ones([4, 5, 9])), /the input has 5 channels: nn\.conv1d\(5, 2, …\)/],
    [() => nn.conv1d(1, 1, 9)(ones([1, 1, 4])), /conv1d: kernel 9 does not fit an input of length 4/],
    [() => nn.conv1d(3, 2, 3, { groups: 2 }), /2 groups must divide both 3 input and 2 output channels/],
    [() => nn.conv1d(3, 2, 3, { padding: "same", stride: 2 }), /padding "same" keeps the length/],
    [() => nn.convTranspose1d(3, 2, 3, { padding: -1 }), /padding must be a whole number ≥ 0, got -1/],
    [
      () => nn.conv3d(1, 2, 3)(ones([2, 4, 4, 4])),
      /expected \[N, 1, D, H, W\], got \[2, 4, 4, 4\]; .*unsqueeze\(1\)/,
    ],
    [() => nn.conv3d(2, 2, 3)(ones([2, 4, 4, 4])), /one volume needs the batch dimension: x\.unsqueeze\(0\)/],
    [() => nn.conv3d(2, 2, 3)(ones([1, 3, 4, 4, 4])), /the input has 3 channels: nn\.conv3d\(3, 2, …\)/],
    [() => nn.conv3d(1, 2, 5)(ones([1, 1, 4, 8, 8])), /conv3d: kernel 5 does not fit an input of depth 4/],
    [
      () => Reflect.apply(nn.conv3d, undefined, [1, 2, [3, 3]]),
      /kernelSize must be a whole number ≥ 1 or \[depth, height, width\]/,
    ],
    [
      () => nn.convTranspose3d(2, 3, 2, { groups: 2 }),
      /2 groups must divide both 2 input and 3 output channels/,
    ],
    [
      () => nn.maxPool3d([1, 2, 2])(ones([4, 4, 4, 4])),
      /^MaxPool3d\(1×2×2\): expected \[N, C, D, H, W\], got \[4, 4, 4, 4\]; .*unsqueeze\(0\)/,
    ],
    [() => nn.avgPool3d(5)(ones([1, 1, 4, 8, 8])), /avgPool3d: kernel 5 does not fit an input of depth 4/],
    [
      () => nn.batchNorm3d(2)(ones([1, 3, 2, 2, 2])),
      /^BatchNorm3d\(2\): expected \[N, 2, D, H, W\], .*nn\.batchNorm3d\(3\)/,
    ],
    [
      () => nn.adaptiveMaxPool2d([3, 2])(ones([4, 4])),
      /^AdaptiveMaxPool2d\(to 3×2\): expected \[N, C, H, W\], got \[4, 4\]/,
    ],
    [() => nn.adaptiveMaxPool2d(0), /adaptiveMaxPool2d: outputSize must be a whole number ≥ 1/],
    [() => nn.globalMaxPool2d()(ones([4, 4])), /^GlobalMaxPool2d: expected \[N, C, H, W\]/],
    [() => nn.maxPool1d(2)(ones([4])), /^MaxPool1d\(2\): expected \[N, C, L\], got \[4\]/],
    [
      () => nn.embedding(5, 2)(tensor([1, 5], { dtype: "int32" })),
      /^Embedding\(5 × 2\): expected numbers from 0 to 4, got 5; make this layer nn\.embedding\(6, 2\)/,
    ],
    [() => nn.embedding(5, 2)(tensor([-1], { dtype: "int32" })), /got -1/],
    [
      () => nn.embedding(5, 2)(ones([2])),
      /expected whole numbers \(int32\), got float32; convert with x\.to\("int32"\)/,
    ],
    [() => nn.upsample(), /give either a scale, nn\.upsample\(2\), or a size/],
    [() => nn.upsample(-1), /scale must be a positive number, got -1/],
    [() => nn.upsample(2)(ones([2, 2])), /^Upsample\(×2, nearest\): expected \[N, C, H, W\]/],
    [
      () => nn.unflatten([2, 3])(ones([4, 5])),
      /^Unflatten\(2×3\): expected \[N, 6\], got \[4, 5\]; .* needs 6 outputs/,
    ],
    [() => nn.unflatten([]), /unflatten: give the shape of a sample/],
  ];
  it.each(cases.map(([call, message]) => [String(message), call, message] as const))(
    "%s",
    (_title, call, message) => {
      expect(call).toThrow(message);
    },
  );
});

describe("layers with windows tell what is not usual of them", () => {
  it.each([
    [nn.conv1d(2, 4, 3), "Conv1d(2 → 4, kernel 3)"],
    [
      nn.conv1d(2, 4, 3, { padding: "same", paddingMode: "circular" }),
      "Conv1d(2 → 4, kernel 3, padding same, circular)",
    ],
    [nn.conv2d(2, 4, 3, { padding: "valid" }), "Conv2d(2 → 4, kernel 3×3)"],
    [
      nn.conv2d(2, 4, [3, 5], {
        stride: [2, 1],
        padding: 2,
        dilation: 3,
        groups: 2,
        bias: false,
        flip: true,
      }),
      "Conv2d(2 → 4, kernel 3×5, stride 2×1, padding 2, dilation 3, 2 groups, no bias, flipped)",
    ],
    [nn.conv3d(1, 2, [1, 3, 3], { padding: [0, 1, 1] }), "Conv3d(1 → 2, kernel 1×3×3, padding 0×1×1)"],
    [
      nn.convTranspose2d(2, 1, 4, { stride: 2, outputPadding: [1, 0] }),
      "ConvTranspose2d(2 → 1, kernel 4×4, stride 2, output padding 1×0)",
    ],
    [
      nn.locallyConnected2d(1, 2, 3, { inputSize: [5, 6], padding: "same" }),
      "LocallyConnected2d(1 → 2, kernel 3×3, on 5×6, padding same)",
    ],
    [nn.maxPool1d(2), "MaxPool1d(2)"],
    [nn.avgPool2d([3, 2]), "AvgPool2d(3×2)"],
    [nn.maxPool2d(3, { stride: 2, padding: 1 }), "MaxPool2d(3×3, stride 2, padding 1)"],
    [nn.maxPool3d([1, 2, 2], { stride: 1, ceilMode: true }), "MaxPool3d(1×2×2, stride 1, rounded up)"],
  ])("%s", (layer, line) => {
    expect(String(layer).split("),")[0]?.replace(/\)?$/, ")")).toBe(line);
  });
});

describe("batch normalisation of an empty batch", () => {
  const cases: [string, nn.Module, number[]][] = [
    ["batchNorm1d", nn.batchNorm1d(2), [0, 2]],
    ["batchNorm2d", nn.batchNorm2d(2), [0, 2, 3, 3]],
    ["batchNorm3d", nn.batchNorm3d(2), [0, 2, 3, 3, 3]],
  ];
  it.each(cases)("%s passes it in evaluation, and says why it cannot in training", (_name, layer, shape) => {
    const x = zeros(shape, { requiresGrad: true });
    expect(() => layer(x)).toThrow(
      /training needs at least 2 values per channel to find their variance, got 0/,
    );
    const y = layer.eval()(x);
    expect(y.shape).toEqual(shape);
    y.sum().backward();
    expect(x.grad?.shape).toEqual(shape);
    for (const parameter of layer.parameters()) expect(parameter.grad?.toArray()).toEqual([0, 0]);
  });
});
