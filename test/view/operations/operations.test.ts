/** Pictures of operations: their numbers are the engine's and the lectures', bad input is told what to change. */
import { describe, expect, it } from "vitest";
import { conv2d, inspection, models, nn, tensor } from "../../../engine/index.ts";
import { mostAnimationBytes } from "../../../kernel/view/drawing/animation.ts";
import { show } from "../../../kernel/view/index.ts";
import { bundleOf, specOf } from "../decode.ts";
import { expectPicture } from "../snapshot.ts";

const binary = [
  [1, 1, 1, 0, 0],
  [0, 1, 1, 1, 0],
  [0, 0, 1, 1, 1],
  [0, 0, 1, 1, 0],
  [0, 1, 1, 0, 0],
];
const cross = [
  [1, 0, 1],
  [0, 1, 0],
  [1, 0, 1],
];
const stamp = [
  [1, 1, 1],
  [1, 2, 1],
  [1, 1, 1],
];

describe("show.convolution", () => {
  it("fills 434/243/234, the lecture's example (000.37), output by output", () => {
    const outputs = [0, 1, 2].map((row) =>
      [0, 1, 2].map((column) =>
        Number(/= (\S+)\.$/.exec(String(show.convolution(binary, cross, { at: [row, column] })))![1]),
      ),
    );
    expect(outputs).toEqual([
      [4, 3, 4],
      [2, 4, 3],
      [2, 3, 4],
    ]);
  });

  it("writes the products of the output it points at", () => {
    expect(
      String(
        show.convolution(
          [
            [1, 2],
            [3, 4],
          ],
          [
            [1, 0],
            [0, -1],
          ],
          { at: [0, 0] },
        ),
      ),
    ).toBe(
      "A 2×2 input and a 2×2 kernel (stride 1, no padding) give 1×1 outputs, all −3. Output (0, 0): 1·1 + 2·0 + 3·0 + 4·(−1) = −3.",
    );
  });

  it("adds up channels and bias, with stride, padding and dilation as the engine has them", () => {
    const x = [binary, binary.map((row) => row.map((value) => 2 * value - 1))];
    const k = [cross, stamp];
    const options = { stride: 2, padding: 2, dilation: 2, bias: 1 } as const;
    const expected = conv2d(tensor([x]), tensor([k]), tensor([1]), {
      stride: 2,
      padding: 2,
      dilation: 2,
    }).toArray() as number[][][][];
    for (const [row, column] of [
      [0, 0],
      [1, 2],
      [2, 1],
    ] as const)
      expect(String(show.convolution(x, k, { ...options, at: [row, column] }))).toContain(
        `bias 1 = ${String(expected[0]![0]![row]![column]!).replace("-", "−")}.`,
      );
  });

  it("turns the kernel when asked to", () => {
    const work = (flip: boolean) => String(show.convolution([[1, 2]], [[10, 1]], { flip, at: [0, 0] }));
    expect(work(false)).toMatch(/1·10 \+ 2·1 = 12\.$/);
    expect(work(true)).toMatch(/1·1 \+ 2·10 = 21\.$/);
  });

  it("looks as it was reviewed: one step, several channels, and as an animation", () => {
    expectPicture("convolution-step", show.convolution(binary, cross, { at: [1, 1] }));
    const colours = [binary, binary.map((row) => row.map((value) => 2 * value - 1)), binary];
    expectPicture(
      "convolution-channels",
      show.convolution(colours, [cross, stamp, cross], { bias: 1, padding: 1, stride: 2, at: [1, 1] }),
    );
    expectPicture("convolution", show.convolution(binary, cross), mostAnimationBytes);
  });

  it("says what does not fit", () => {
    expect(() => show.convolution([binary, binary], cross)).toThrow(
      "show.convolution: the kernel needs a plane for each channel of the input: 2 channels in the input, 1 in the kernel",
    );
    expect(() => show.convolution([1, 2, 3], cross)).toThrow(
      "input must be [H, W] or [C, H, W] with at least one value, got shape 3",
    );
    expect(() => show.convolution(binary, cross, { at: [3, 0] })).toThrow(
      "at must be [row, column] of 3×3 places, got [3, 0]",
    );
    expect(() => show.convolution(tensor([[1]]), cross)).toThrow(/conv2d/);
    expect(() => show.convolution(new Float32Array(65 * 65).fill(0) as never, cross)).toThrow(
      "input must be",
    );
    expect(() => show.convolution(binary, cross, { bias: "1" as never })).toThrow("bias must be a number");
  });

  it("draws values that are not finite", () => {
    expect(String(show.convolution([[Number.NaN, 1]], [[1, 1]], { at: [0, 0] }))).toMatch(
      /NaN·1 \+ 1·1 = NaN\.$/,
    );
    expect(bundleOf(show.convolution([[Number.NaN, 1]], [[1, 1]], { at: [0, 0] })).data["image/png"]).toMatch(
      /^iVBOR/,
    );
  });
});

describe("show.transposedConvolution", () => {
  const input = [
    [4, 3],
    [2, 0],
  ];

  it("stamps the lecture's example (001.48) and counts overlaps", () => {
    expect(String(show.transposedConvolution(input, stamp, { stride: 2 }))).toBe(
      "A 2×2 input stamps a 3×3 kernel (stride 2): 5×5 outputs, each of 1 to 4 stamps.",
    );
    expect(String(show.transposedConvolution(input, stamp, { stride: 3 }))).toContain("each of 1 stamp.");
    expect(String(show.transposedConvolution(input, stamp, { at: [0, 1], stride: 2 }))).toMatch(
      /Input \(0, 1\) = 3 times the kernel is added at row 0, column 2\.$/,
    );
  });

  it("looks as it was reviewed", () => {
    expectPicture(
      "transposedConvolution",
      show.transposedConvolution(input, stamp, { stride: 2 }),
      mostAnimationBytes,
    );
    expectPicture(
      "transposedConvolution-padding",
      show.transposedConvolution(input, stamp, { padding: 1, at: [0, 1] }),
    );
  });

  it("refuses a padding that leaves nothing, and several channels", () => {
    expect(() => show.transposedConvolution(input, stamp, { padding: 3 })).toThrow(/convTranspose2d/);
    expect(() => show.transposedConvolution([input, input], stamp)).toThrow(
      "input must be [H, W] and small enough to read",
    );
  });
});

describe("show.pooling", () => {
  const input = [
    [12, 20, 30, 0],
    [8, 12, 2, 0],
    [34, 70, 37, 4],
    [112, 100, 25, 12],
  ];

  it("looks as it was reviewed: the lecture's example (001.44) and back, and averages that overlap", () => {
    expectPicture("pooling", show.pooling(input, { unpool: true }));
    expectPicture("pooling-average", show.pooling(input, { kind: "average", size: 3, stride: 1 }));
  });

  it("puts the winner of several windows back once", () => {
    const shown = show.pooling(
      [
        [1, 2, 9, 4],
        [3, 8, 2, 1],
        [4, 2, 7, 3],
        [1, 5, 2, 6],
      ],
      { size: 3, stride: 1, unpool: true },
    );
    expectPicture("pooling-overlapping", shown);
    expect(String(shown)).toBe(
      "Max pooling of a 4×4 input over 3×3 windows, stride 1: 2×2 values kept; 2 values are the largest of up to 2 windows, and go back once.",
    );
  });

  it("says what it kept", () => {
    expect(String(show.pooling(input, { kind: "min", size: [2, 4] }))).toBe(
      "Min pooling of a 4×4 input over 2×4 windows, stride 2×4: 2×1 values kept.",
    );
  });

  it("refuses what has no meaning", () => {
    expect(() => show.pooling(input, { kind: "median" as never })).toThrow(
      'kind must be "max", "min" or "average", got the string "median"',
    );
    expect(() => show.pooling(input, { kind: "average", unpool: true })).toThrow("an average has no winner");
    expect(() => show.pooling(input, { size: 5 })).toThrow(/Pool2d/);
  });
});

describe("show.convolutionMatrix and show.im2col", () => {
  const input = [
    [4, 3, 2, 4],
    [6, 2, 4, 4],
    [3, 5, 3, 7],
    [6, 1, 9, 8],
  ];

  it("look as they were reviewed: 34 38 44 46, the lecture's example corrected (001.49, 001.50)", () => {
    expectPicture("convolutionMatrix", show.convolutionMatrix(input, stamp));
    expectPicture("convolutionMatrix-transposed", show.convolutionMatrix(input, stamp, { transposed: true }));
    expectPicture("im2col-step", show.im2col(input, stamp, { at: [0, 1] }));
    expectPicture("im2col", show.im2col(input, stamp), mostAnimationBytes);
  });

  it("say how large the matrix is", () => {
    expect(String(show.convolutionMatrix(input, stamp, { padding: "same" }))).toContain(
      "a matrix of 16×16 entries",
    );
    expect(String(show.im2col(input, stamp))).toContain("2.25 times as many numbers");
  });

  it("refuse matrices that nobody can read", () => {
    const large = Array.from({ length: 20 }, () => Array.from({ length: 20 }, () => 1));
    expect(() => show.convolutionMatrix(large, stamp)).toThrow("324 outputs × 400 inputs are 129600 entries");
    expect(() => show.im2col([...large, ...large], stamp, { padding: 1 })).toThrow(
      /more than can be read \(4096\)/,
    );
  });
});

describe("show.connections", () => {
  it("counts the lecture's weights (000.32 to 000.35) and looks as it was reviewed", () => {
    const text = "1,600,000,000 weights dense, 4,000,000 locally connected, 100 shared";
    expect(String(show.connections({ size: 200, kernel: 10 }))).toContain(text);
    expect(String(show.connections({ size: 200, kernel: 10, outChannels: 10 }))).toContain("1,000 shared");
    expect(String(show.connections({ size: 200, kernel: 10, inChannels: 10, outChannels: 10 }))).toContain(
      "10,000 shared",
    );
    expectPicture("connections", show.connections({ size: 200, kernel: 10 }));
  });

  it("refuses sizes that are none", () => {
    expect(() => show.connections(undefined as never)).toThrow(
      "show.connections: takes its options as an object: { size: … }; got undefined",
    );
    expect(() => show.connections({ size: 0, kernel: 3 })).toThrow(
      "show.connections: size is a whole number from 1",
    );
    expect(() => show.connections({ size: 8, kernel: 3, outChannels: 1.5 })).toThrow(
      "outChannels is a whole number from 1",
    );
  });
});

describe("show.receptiveFieldGrowth", () => {
  it("says what LeNet-5's units see, 5, 6, 14, 16, 32 (001.45), and looks as it was reviewed", () => {
    const shown = show.receptiveFieldGrowth(inspection.receptiveField(models.leNet5(), [1, 28, 28]));
    expect(String(shown)).toBe("A unit sees 5×5 pixels in c1, 32×32 in c5.");
    expectPicture("receptiveFieldGrowth", shown);
  });

  it("leaves out layers of very deep networks, and says how many", () => {
    const deep = nn.sequential(...Array.from({ length: 60 }, () => nn.conv2d(1, 1, 3)));
    const shown = show.receptiveFieldGrowth(inspection.receptiveField(deep, [1, 130, 130]));
    expect(String(shown)).toBe(
      "A unit sees 5×5 pixels in 1, 121×121 in 59. 30 layers between are not shown.",
    );
    expect((specOf(bundleOf(shown)).data as { values: object[] }).values).toHaveLength(30);
  });

  it("refuses anything else", () => {
    expect(() => show.receptiveFieldGrowth(models.leNet5() as never)).toThrow(
      "expected the result of inspection.receptiveField(model, shape)",
    );
  });
});
