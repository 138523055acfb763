/** The lectures' worked examples on convolution and its reverse, by item number; and that they are each other's transpose. */
import { describe, expect, test } from "vitest";
import { withBackend } from "../../engine/backend/current.ts";
import {
  concat,
  conv2d,
  convTranspose2d,
  Generator,
  maxPool2d,
  maxPool2dWithIndices,
  maxUnpool2d,
  minPool2d,
  pad,
  type Tensor,
  type TensorData,
  tensor,
} from "../../engine/index.ts";
import { backends, numbers } from "./helpers.ts";

const image = (rows: TensorData) => tensor(rows).unsqueeze(0).unsqueeze(0);
const rows = (x: Tensor) => x.squeeze([0, 1]).toArray();
const tenths = (x: Tensor) => numbers(x).map((value) => Math.round(value * 1e5) / 1e5);

/** The lectures' blurring kernel times nine or ten. */
const blur = [
  [1, 1, 1],
  [1, 2, 1],
  [1, 1, 1],
];

describe("convolution", () => {
  const grid = [
    [4, 3, 2, 4, 5],
    [6, 2, 4, 4, 5],
    [3, 5, 3, 7, 6],
    [6, 1, 9, 8, 7],
    [2, 1, 1, 2, 7],
  ];

  test("001.35: tenths", () => {
    const y = conv2d(image(grid), image(blur).mul(0.1));
    expect(tenths(y)).toEqual([3.4, 3.8, 4.4, 4.4, 4.6, 6, 3.2, 4.6, 5.8]);
  });

  test("001.38: three channels in eighteenths", () => {
    const channels = [
      [
        [2, 6, 5, 8, 1],
        [8, 2, 4, 4, 5],
        [3, 5, 3, 7, 6],
        [5, 1, 9, 8, 7],
        [2, 1, 1, 2, 7],
      ],
      [
        [4, 4, 3, 1, 2],
        [2, 2, 4, 4, 5],
        [3, 5, 3, 7, 6],
        [6, 1, 9, 8, 7],
        [5, 1, 1, 2, 7],
      ],
      grid,
    ];
    const kernels = [0, 0, 0, 1, 2, 1, 0, 0, 0, 0, 1, 0, 0, 2, 0, 0, 1, 0, ...blur.flat()];
    const y = conv2d(tensor(channels).unsqueeze(0), tensor(kernels).reshape([1, 3, 3, 3]));
    expect(rows(y)).toEqual([
      [63, 66, 77],
      [73, 83, 109],
      [56, 95, 115],
    ]);
  });

  test.each([
    [
      [5, 1, 9, 8, 7, 0, 4],
      [4, 4.7, 3.7, 3.1, 5.8, 3.2, 3.5, 5.2, 4.7],
    ],
    [
      [5, 7, 9, 8, 7, 2, 4],
      [4, 4.7, 3.7, 4.3, 5.8, 3.6, 3.5, 5.2, 4.7],
    ],
  ])("001.47: stride 2, the fourth row being %j", (fourth, expected) => {
    const x = [
      [2, 6, 5, 8, 1, 1, 2],
      [8, 2, 4, 4, 5, 9, 3],
      [3, 5, 3, 7, 6, 0, 1],
      fourth,
      [2, 1, 1, 2, 7, 1, 6],
      [1, 8, 3, 7, 5, 8, 0],
      [4, 1, 6, 9, 5, 7, 0],
    ];
    expect(tenths(conv2d(image(x), image(blur).mul(0.1), null, { stride: 2 }))).toEqual(expected);
  });
});

describe("pooling", () => {
  const grid = [
    [1, 1, 2, 4],
    [5, 6, 7, 8],
    [3, 2, 1, 0],
    [1, 2, 3, 4],
  ];

  test("002.24: the largest and the smallest", () => {
    expect(rows(maxPool2d(image(grid), 2))).toEqual([
      [6, 8],
      [3, 4],
    ]);
    expect(rows(minPool2d(image(grid), 2))).toEqual([
      [1, 2],
      [1, 0],
    ]);
  });

  test("003.76: unpooling with switches", () => {
    const [values, switches] = maxPool2dWithIndices(image(grid), 2);
    expect(switches.dtype).toBe("int32");
    expect(rows(switches)).toEqual([
      [5, 7],
      [8, 15],
    ]);
    expect(rows(maxUnpool2d(values, switches, 2))).toEqual([
      [0, 0, 0, 0],
      [0, 6, 0, 8],
      [3, 0, 0, 0],
      [0, 0, 0, 4],
    ]);
  });

  test("overlapping windows with one winner put it back once", () => {
    const x = image([
      [0, 0, 0],
      [0, 9, 0],
      [0, 0, 0],
    ]);
    const [values, switches] = maxPool2dWithIndices(x, 2, { stride: 1 });
    expect(rows(maxUnpool2d(values, switches, 2, { stride: 1 }))).toEqual(rows(x));
  });
});

describe("borders", () => {
  const line = tensor([1, 2, 3, 4]);

  test("001.36: mirror, constant, modulo", () => {
    expect(pad(line, [[2, 2]], "reflect").toArray()).toEqual([3, 2, 1, 2, 3, 4, 3, 2]);
    expect(pad(line, [[2, 2]], "replicate").toArray()).toEqual([1, 1, 1, 2, 3, 4, 4, 4]);
    expect(pad(line, [[2, 2]], "circular").toArray()).toEqual([3, 4, 1, 2, 3, 4, 1, 2]);
  });

  test("001.40: with a circular border convolution commutes with every shift", () => {
    const generator = new Generator(4);
    const whole = (count: number) => Float32Array.from({ length: count }, () => generator.integer(9));
    const x = tensor(whole(30), { shape: [1, 1, 5, 6] });
    const k = tensor(whole(9), { shape: [1, 1, 3, 3] });
    const shift = (y: Tensor) => concat([y.narrow(3, 4, 2), y.narrow(3, 0, 4)], 3);
    const filter = (y: Tensor) => conv2d(y, k, null, { padding: "same", paddingMode: "circular" });
    expect(filter(shift(x)).toArray()).toEqual(shift(filter(x)).toArray());
  });
});

describe("transposed convolution", () => {
  const stamps = image([
    [4, 3],
    [2, 0],
  ]);

  test("001.48: stamps at strides 3, 2 and 1", () => {
    const at = (stride: number) => rows(convTranspose2d(stamps, image(blur), null, { stride }));
    expect(at(3)).toEqual([
      [4, 4, 4, 3, 3, 3],
      [4, 8, 4, 3, 6, 3],
      [4, 4, 4, 3, 3, 3],
      [2, 2, 2, 0, 0, 0],
      [2, 4, 2, 0, 0, 0],
      [2, 2, 2, 0, 0, 0],
    ]);
    expect(at(2)).toEqual([
      [4, 4, 7, 3, 3],
      [4, 8, 7, 6, 3],
      [6, 6, 9, 3, 3],
      [2, 4, 2, 0, 0],
      [2, 2, 2, 0, 0],
    ]);
    expect(at(1)).toEqual([
      [4, 7, 7, 3],
      [6, 13, 12, 3],
      [6, 11, 9, 3],
      [2, 2, 2, 0],
    ]);
  });

  test("001.49, 001.50: the matrix of a convolution and its transpose", () => {
    const x = tensor([
      [4, 3, 2, 4],
      [6, 2, 4, 4],
      [3, 5, 3, 7],
      [6, 1, 9, 8],
    ]);
    const matrix = tensor([
      [1, 1, 1, 0, 1, 2, 1, 0, 1, 1, 1, 0, 0, 0, 0, 0],
      [0, 1, 1, 1, 0, 1, 2, 1, 0, 1, 1, 1, 0, 0, 0, 0],
      [0, 0, 0, 0, 1, 1, 1, 0, 1, 2, 1, 0, 1, 1, 1, 0],
      [0, 0, 0, 0, 0, 1, 1, 1, 0, 1, 2, 1, 0, 1, 1, 1],
    ]);
    const y = conv2d(x.unsqueeze(0).unsqueeze(0), image(blur));
    expect(numbers(y)).toEqual([34, 38, 44, 46]);
    expect(numbers(matrix.matmul(x.reshape([16])))).toEqual(numbers(y));
    const back = convTranspose2d(
      image([
        [2, 3],
        [1, 0],
      ]),
      image(blur),
    );
    expect(rows(back)).toEqual([
      [2, 5, 5, 3],
      [3, 8, 9, 3],
      [3, 7, 6, 3],
      [1, 1, 1, 0],
    ]);
    expect(numbers(matrix.transpose(0, 1).matmul(tensor([2, 3, 1, 0])))).toEqual(numbers(back));
  });

  test("003.78: stamping a kernel is the full correlation with the flipped kernel", () => {
    const generator = new Generator(3);
    const x = tensor(
      Float32Array.from({ length: 20 }, () => generator.integer(9)),
      { shape: [1, 1, 4, 5] },
    );
    const k = tensor(
      Float32Array.from({ length: 6 }, () => generator.integer(9)),
      { shape: [1, 1, 2, 3] },
    );
    const stamped = convTranspose2d(x, k).toArray();
    expect(conv2d(x, k.flip([2, 3]), null, { padding: [1, 2] }).toArray()).toEqual(stamped);
    expect(conv2d(x, k, null, { padding: [1, 2], flip: true }).toArray()).toEqual(stamped);
    expect(conv2d(x, k, null, { padding: [1, 2] }).toArray()).not.toEqual(stamped);
  });
});

describe.each(backends.map(({ name, backend }) => [name, backend] as const))("on %s", (_name, backend) => {
  test("⟨conv x, y⟩ = ⟨x, convTranspose y⟩ for a hundred random geometries", () => {
    const generator = new Generator(11);
    const one = (least: number, most: number) => least + generator.integer(most - least + 1);
    withBackend(backend, () => {
      for (let round = 0; round < 100; round++) {
        const groups = one(1, 2);
        const [inChannels, outChannels] = [groups * one(1, 2), groups * one(1, 2)];
        const kernel = [one(1, 3), one(1, 3)] as const;
        const pair = (least: number, most: number) => [one(least, most), one(least, most)] as const;
        const [stride, dilation, padding] = [pair(1, 3), pair(1, 2), pair(0, 2)];
        const size = [0, 1].map((d) => dilation[d]! * (kernel[d]! - 1) + 1 + one(0, 6));
        const whole = (...shape: number[]) =>
          tensor(
            Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => generator.integer(7) - 3),
            { shape },
          );
        const x = whole(one(1, 2), inChannels, size[0]!, size[1]!);
        const w = whole(outChannels, inChannels / groups, ...kernel);
        const flip = round % 2 === 1;
        const forward = conv2d(x, w, null, { stride, dilation, padding, groups, flip });
        const y = whole(...forward.shape);
        const outputPadding = [0, 1].map(
          (d) => (size[d]! + 2 * padding[d]! - dilation[d]! * (kernel[d]! - 1) - 1) % stride[d]!,
        ) as [number, number];
        const back = convTranspose2d(y, w, null, { stride, dilation, padding, groups, outputPadding, flip });
        // Whole numbers, small enough to be added without rounding.
        expect(back.mul(x).sum().item()).toBe(forward.mul(y).sum().item());
      }
    });
  });
});
