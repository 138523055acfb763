/** A convolution takes normalisation, sum and ReLU along where no gradient is wanted: with the same bits, and unseen. */
import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { withBackend } from "../../../engine/backend/current.ts";
import { referenceBackend } from "../../../engine/backend/reference.ts";
import {
  AnomalyError,
  detectAnomaly,
  Generator,
  models,
  nn,
  noGrad,
  randn,
  ShapeError,
  type Tensor,
  zeros,
} from "../../../engine/index.ts";
import { chain } from "../../../engine/nn/chain.ts";
import { ensureKernels, wasmBackends } from "../backend/support.ts";

await ensureKernels();

interface Wanted {
  readonly seed: number;
  readonly batch: number;
  readonly channels: number;
  readonly filters: number;
  readonly size: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly groups: number;
  readonly bias: boolean;
  readonly norm: boolean;
  readonly relu: boolean;
  readonly shortcut: boolean;
}

/** Direct, unfolded, pointwise, by Winograd's algorithm and dense; in groups; whatever follows. */
const wanted = fc
  .record({
    seed: fc.nat(1000),
    batch: fc.integer({ min: 1, max: 4 }),
    channels: fc.integer({ min: 1, max: 10 }),
    filters: fc.integer({ min: 1, max: 10 }),
    size: fc.integer({ min: 5, max: 14 }),
    kernel: fc.constantFrom(1, 3, 5),
    stride: fc.constantFrom(1, 1, 2),
    dilation: fc.constantFrom(1, 1, 2),
    groups: fc.constantFrom(1, 1, 2),
    bias: fc.boolean(),
    norm: fc.boolean(),
    relu: fc.boolean(),
    shortcut: fc.boolean(),
  })
  .map(
    (w): Wanted => ({
      ...w,
      channels: w.channels * w.groups,
      filters: w.filters * w.groups,
      dilation: w.kernel === 5 ? 1 : w.dilation,
    }),
  );

const normal = (shape: number[], generator: Generator): Tensor => randn(shape, { generator });

/** A batch norm that has seen something, so that none of its steps leaves numbers as they are. */
function trained(norm: nn.BatchNorm2d, generator: Generator): nn.BatchNorm2d {
  const { channels } = norm;
  norm.loadStateDict({
    weight: normal([channels], generator),
    bias: normal([channels], generator),
    runningMean: normal([channels], generator),
    runningVar: normal([channels], generator).square(),
  });
  return norm.eval();
}

function make(w: Wanted): { x: Tensor; layers: nn.Module[]; shortcut: Tensor | null } {
  const generator = new Generator(w.seed);
  const x = normal([w.batch, w.channels, w.size, w.size], generator);
  const conv = nn.conv2d(w.channels, w.filters, w.kernel, {
    stride: w.stride,
    dilation: w.dilation,
    padding: w.size % 2,
    groups: w.groups,
    bias: w.bias,
  });
  const layers: nn.Module[] = [conv];
  if (w.norm) layers.push(trained(nn.batchNorm2d(w.filters), generator));
  if (w.relu && !w.shortcut) layers.push(nn.relu());
  const shortcut = w.shortcut ? normal([...noGrad(() => conv(x)).shape], generator) : null;
  return { x, layers, shortcut };
}

const bits = (x: Tensor): Uint8Array => {
  const values = x.toTypedArray();
  return new Uint8Array(values.slice().buffer);
};

const everyBackend = () => [{ name: "reference", backend: referenceBackend }, ...wasmBackends()];

describe.each(everyBackend())("layers taken together: $name", ({ backend }) => {
  test("give the bits that they give one after the other, and in one call of the backend", () => {
    fc.assert(
      fc.property(wanted, (w) => {
        withBackend(backend, () => {
          const { x, layers, shortcut } = make(w);
          const relu = nn.relu();
          const calls = vi.spyOn(backend, "conv2d");
          const together = noGrad(() =>
            chain(
              x,
              layers,
              shortcut === null ? null : { shortcut: () => shortcut, activation: w.relu ? relu : nn.tanh() },
            ),
          );
          const finish = calls.mock.calls.at(-1)?.at(5);
          calls.mockRestore();
          const apart = noGrad(() => {
            let value = x;
            for (const layer of layers) value = layer(value);
            if (shortcut === null) return value;
            return w.relu ? value.add(shortcut).relu() : value.add(shortcut).tanh();
          });
          expect(bits(together)).toEqual(bits(apart));
          const takesSum = w.shortcut && w.relu;
          expect(finish).toMatchObject({
            normalize: w.norm ? {} : null,
            addend: takesSum ? {} : null,
            relu: w.relu,
          });
        });
      }),
      { numRuns: 60, seed: 20_203 },
    );
  });
});

const linears = fc.record({
  seed: fc.nat(1000),
  batch: fc.integer({ min: 1, max: 40 }),
  inputs: fc.integer({ min: 1, max: 90 }),
  outputs: fc.integer({ min: 1, max: 130 }),
  bias: fc.boolean(),
  relu: fc.boolean(),
});

describe.each(everyBackend())("linear layers with their ReLU: $name", ({ backend }) => {
  test("give the bits that they give one after the other, in one call of the backend", () => {
    fc.assert(
      fc.property(linears, ({ seed, batch, inputs, outputs, bias, relu }) => {
        withBackend(backend, () => {
          const layer = nn.linear(inputs, outputs, { bias });
          const x = normal([batch, inputs], new Generator(seed));
          const calls = vi.spyOn(backend, "matmul");
          const together = noGrad(() => chain(x, relu ? [layer, nn.relu()] : [layer]));
          const finish = calls.mock.calls.at(-1)?.at(4);
          calls.mockRestore();
          expect(bits(together)).toEqual(bits(noGrad(() => (relu ? layer(x).relu() : layer(x)))));
          expect(finish).toMatchObject({ bias: bias ? {} : null, relu });
        });
      }),
      { numRuns: 60, seed: 20_205 },
    );
  });

  test("take samples of more dimensions and empty batches too", () => {
    withBackend(backend, () => {
      const layer = nn.linear(6, 5);
      for (const shape of [[6], [2, 3, 6], [0, 6]]) {
        const x = normal(shape, new Generator(3));
        const together = noGrad(() => chain(x, [layer, nn.relu()]));
        expect(together.shape).toEqual([...shape.slice(0, -1), 5]);
        expect(bits(together)).toEqual(bits(noGrad(() => layer(x).relu())));
      }
    });
  });
});

describe("layers taken together", () => {
  const model = (): nn.Sequential => {
    const generator = new Generator(7);
    return nn
      .sequential(
        nn.conv2d(3, 8, 3, { padding: 1 }),
        trained(nn.batchNorm2d(8), generator),
        nn.relu(),
        nn.conv2d(8, 8, 3),
        nn.relu(),
      )
      .eval();
  };
  const images = (): Tensor => normal([2, 3, 9, 9], new Generator(8));

  test("are taken apart where somebody looks in between", () => {
    const net = model();
    const x = images();
    const expected = bits(noGrad(() => net(x)));
    const seen: string[] = [];
    const handles = [net.at(0), net.at(1), net.at(4)].map((layer) =>
      layer.registerForwardHook((of, _inputs, output) => {
        seen.push(`${of.constructor.name} ${output.shape}`);
      }),
    );
    expect(bits(noGrad(() => net(x)))).toEqual(expected);
    expect(seen).toEqual(["Conv2d 2,8,9,9", "BatchNorm2d 2,8,9,9", "ReLU 2,8,7,7"]);
    for (const handle of handles) handle.remove();
    noGrad(() => net(x));
    expect(seen).toHaveLength(3);
    expect(net.trace(x).map(({ path }) => path)).toEqual(["0", "1", "2", "3", "4"]);
  });

  test("do what they were changed to do", () => {
    const net = model();
    const x = images();
    const relu = net.at(2);
    relu.forward = (y: Tensor) => y.mul(0);
    expect(noGrad(() => nn.sequential(net.at(0), net.at(1), relu)(x).abs().max()).item()).toBe(0);
    class Halved extends nn.Conv2d {
      override forward(y: Tensor): Tensor {
        return super.forward(y).div(2);
      }
    }
    const halved = new Halved(3, 4, 3);
    const together = noGrad(() => nn.sequential(halved, nn.relu())(x));
    expect(bits(together)).toEqual(bits(noGrad(() => halved(x).relu())));
  });

  test("learn as before", () => {
    const net = model().train();
    net(images()).sum().backward();
    for (const parameter of net.parameters()) expect(parameter.grad?.shape).toEqual(parameter.shape);
  });

  test("name the layer that is wrong", () => {
    const net = model();
    expect(() => noGrad(() => net(zeros([2, 1, 9, 9])))).toThrow(
      /Sequential\.0 \(Conv2d .*\): expected \[N, 3, H, W\], got \[2, 1, 9, 9\]/,
    );
    expect(() => noGrad(() => net(zeros([2, 3, 2, 2])))).toThrow(
      /Sequential\.3 \(Conv2d .*kernel 3 does not fit/,
    );
    const wrong = nn.sequential(nn.conv2d(3, 4, 3), nn.batchNorm2d(5)).eval();
    expect(() => noGrad(() => wrong(zeros([2, 3, 9, 9])))).toThrow(
      /Sequential\.1 \(BatchNorm2d 5\): expected/,
    );
    expect(() => noGrad(() => wrong(zeros([2, 3, 9, 9])))).toThrow(ShapeError);
  });

  test("name the linear layer that is given too much", () => {
    const net = nn.sequential(nn.linear(4, 3), nn.relu());
    expect(() => noGrad(() => net(zeros([2, 5])))).toThrow(
      /Sequential\.0 \(Linear 4 → 3\): expected \[N, 4\]/,
    );
  });

  test("name the layer that makes the first NaN", () => {
    const net = model();
    const norm = net.at(1) as nn.BatchNorm2d;
    norm.loadStateDict({ ...norm.stateDict(), runningVar: zeros([8]).sub(1) });
    expect(() => detectAnomaly(() => noGrad(() => net(images())))).toThrow(AnomalyError);
    expect(() => detectAnomaly(() => noGrad(() => net(images())))).toThrow(
      /Sequential\.1|layer 1|BatchNorm2d/,
    );
  });

  test("leave no memory behind", () => {
    const backend = wasmBackends()[0]!.backend;
    withBackend(backend, () => {
      const net = models.resNetSmall(8, { channels: 3 }).eval();
      const x = images();
      noGrad(() => net(x)).dispose();
      const before = backend.bytesInUse;
      for (let i = 0; i < 3; i++) noGrad(() => net(x)).dispose();
      expect(backend.bytesInUse).toBe(before);
    });
  });
});
