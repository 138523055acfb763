/** The lectures' worked examples, by item, as numbers computed outside the engine (golden/lectures.json). */
import { expect, test } from "vitest";
import {
  conv2d,
  convTranspose2d,
  maxPool2d,
  maxPool2dWithIndices,
  maxUnpool2d,
  nn,
  optim,
  type Tensor,
  tensor,
} from "../../engine/index.ts";
import lectures from "./golden/lectures.json" with { type: "json" };
import { numbers } from "./helpers.ts";

const used = new Set<string>();
const golden = new Proxy(lectures, {
  get: (examples, item) => {
    used.add(String(item));
    return Reflect.get(examples, item);
  },
});

const image = (rows: number[][]) => tensor([[rows]]);

function expectClose(actual: Tensor, expected: unknown): void {
  const wanted = [expected].flat(3) as number[];
  const got = numbers(actual);
  expect(got).toHaveLength(wanted.length);
  wanted.forEach((value, i) => {
    expect(Math.abs(got[i]! - value)).toBeLessThanOrEqual(1e-5 * Math.max(1, Math.abs(value)));
  });
}

test.each(["000.bin5x5", "001.tenth", "001.matrix"] as const)("%s: convolution", (item) => {
  const { x, k, out } = golden[item];
  expectClose(conv2d(image(x), image(k)), out);
});

test.each(["001.stride2_as_extracted", "001.stride2_alt"] as const)(
  "%s: convolution with a stride",
  (item) => {
    const { x, k, stride, out } = golden[item];
    expectClose(conv2d(image(x), image(k), undefined, { stride }), out);
  },
);

test.each(["001.tconv_s3", "001.tconv_s2", "001.tconv_s1"] as const)("%s: transposed convolution", (item) => {
  const { x, k, stride, out } = golden[item];
  expectClose(convTranspose2d(image(x), image(k), undefined, { stride }), out);
});

test("001.matrix: convolution and its reverse are one matrix and its transpose", () => {
  const { x, k, out, M, t_in, t_out } = golden["001.matrix"];
  expectClose(tensor(M).matmul(tensor(x).reshape([16, 1])), out);
  expectClose(tensor(t_in).reshape([1, 4]).matmul(tensor(M)), t_out);
  expectClose(convTranspose2d(image(t_in), image(k)), t_out);
});

test("000.rgb and 001.eighteenth: a kernel per channel, summed", () => {
  const rgb = golden["000.rgb"];
  const color = conv2d(tensor([[rgb.R, rgb.G, rgb.B]]), tensor([[rgb.kR, rgb.kG, rgb.kB]]));
  expectClose(color.add(rgb.bias), rgb.out);
  const { A, B, C, kA, kB, kC, out } = golden["001.eighteenth"];
  expectClose(conv2d(tensor([[A, B, C]]), tensor([[kA, kB, kC]])), out);
});

test.each(["001.maxpool", "002.maxpool"] as const)("%s: the largest of each window", (item) => {
  expectClose(maxPool2d(image(golden[item].x), 2), golden[item].out);
});

test("003.unpool: the largest go back where they came from", () => {
  const { values, indices } = unpoolable(golden["003.unpool"].x);
  expectClose(maxUnpool2d(values, indices, 2), golden["003.unpool"].out);
});

function unpoolable(x: number[][]): { values: Tensor; indices: Tensor } {
  const [values, indices] = Object.values(maxPool2dWithIndices(image(x), 2)) as [Tensor, Tensor];
  return { values, indices };
}

test("002.gate: (x + y)·z backwards", () => {
  const gate = golden["002.gate"];
  const [x, y, z] = [gate.x, gate.y, gate.z].map((value) => nn.parameter(tensor([value]))) as [
    Tensor,
    Tensor,
    Tensor,
  ];
  const f = x.add(y).mul(z);
  expectClose(f, gate.f);
  f.sum().backward();
  expectClose(x.grad!, gate.dx);
  expectClose(y.grad!, gate.dy);
  expectClose(z.grad!, gate.dz);
});

test("003.momentum: both forms on θ²", () => {
  const { theta0, eta, alpha, seed_form, classical } = golden["003.momentum"];
  for (const [make, path] of [
    [optim.averagedMomentum, seed_form],
    [optim.sgd, classical],
  ] as const) {
    const theta = nn.parameter(tensor([theta0]));
    const optimizer = make([theta], { lr: eta, momentum: alpha });
    for (const value of path) {
      optimizer.zeroGrad();
      theta.square().sum().backward();
      optimizer.step();
      expectClose(theta, value);
    }
  }
});

test("003.contrastive: at three temperatures", () => {
  const { z, zhat, neg, tau, l, l_rev } = golden["003.contrastive"];
  tau.forEach((temperature, i) => {
    expectClose(nn.contrastive(tensor([z]), tensor([zhat]), tensor(neg), { temperature }), l[i]);
    expect(l_rev[i]).toBeGreaterThan(l[i]!);
  });
});

test("001.scalar2: gradients of a scalar network of two layers", () => {
  const { x, y, L, dw, du, ...at } = golden["001.scalar2"];
  const [w, u] = [nn.parameter(tensor([at.w])), nn.parameter(tensor([at.u]))];
  const loss = tensor(x).mul(w).sigmoid().mul(u).sigmoid().sub(tensor(y)).square().sum();
  expectClose(loss, L);
  loss.backward();
  expectClose(w.grad!, dw);
  expectClose(u.grad!, du);
});

test("001.ce_grad: cross-entropy pulls back softmax − y", () => {
  const { a, y, grad } = golden["001.ce_grad"];
  const scores = nn.parameter(tensor([a]));
  nn.crossEntropy(scores, tensor([y.indexOf(1)], { dtype: "int32" })).backward();
  expectClose(scores.grad!, grad);
});

test("every example of the file is used above", () => {
  expect([...used].sort()).toEqual(Object.keys(lectures).sort());
});
