/**
 * A network that knows digits without any training, so that its pictures are the same on every machine: edges in eight directions,
 * corners made of two of them, and for each class the mean of its maps (a nearest mean).
 */
import { data, nn, noGrad, type Tensor, tensor } from "../../../engine/index.ts";
import { copyInto } from "../../../engine/inplace.ts";
import type { Sequential } from "../../../engine/nn/sequential.ts";

/**
 * Weights and pixels in steps of 1/64: their sums of products are exact in float32, in whatever order a machine adds them.
 */
const exact = (value: number): number => Math.round(64 * value) / 64;

/** An image for pictures whose values are kept as text. */
export const exactDigit = (image: Tensor): Tensor =>
  tensor(Float32Array.from(image.toTypedArray(), exact), { shape: [...image.shape] });

export const digits = data.digits({ train: 200, test: 60, seed: 5 });

/** `pooled`: ends in the mean over each map, as `inspection.cam` asks. */
export function edgeNetwork(pooled = false): Sequential {
  const edges = nn.conv2d(1, 8, 5, { padding: 2 });
  const corners = nn.conv2d(8, 16, 3, { padding: 1 });
  const features = nn.sequential(edges, nn.relu(), nn.maxPool2d(2), corners, nn.relu(), nn.maxPool2d(2));
  copyInto(edges.weight, tensor(edgeFilters().map(exact), { shape: [8, 1, 5, 5] }));
  copyInto(edges.bias!, tensor(new Array<number>(8).fill(0)));
  copyInto(corners.weight, tensor(cornerFilters().map(exact), { shape: [16, 8, 3, 3] }));
  copyInto(corners.bias!, tensor(new Array<number>(16).fill(exact(-0.2))));
  const end = pooled ? nn.globalAvgPool2d() : nn.flatten();
  const size = pooled ? 16 : 16 * 7 * 7;
  const scores = nn.linear(size, 10, { bias: false });
  noGrad(() => {
    const found = end(features(digits.train.images)).reshape([digits.train.size, size]).toTypedArray();
    const labels = digits.train.labels.toTypedArray();
    const means = new Float32Array(10 * size);
    for (let i = 0; i < labels.length; i++)
      for (let k = 0; k < size; k++)
        for (let c = 0; c < 10; c++)
          means[c * size + k]! += ((c === labels[i] ? 1 : 0) - 0.1) * (found[i * size + k]! / 20);
    copyInto(scores.weight, tensor(means, { shape: [10, size] }));
  });
  return nn.sequential(features, end, scores);
}

function edgeFilters(): number[] {
  return Array.from({ length: 8 }, (_, direction) => {
    const angle = (direction * Math.PI) / 4;
    return Array.from({ length: 25 }, (_, i) => {
      const [y, x] = [Math.floor(i / 5) - 2, (i % 5) - 2];
      const along = x * Math.cos(angle) + y * Math.sin(angle);
      return (along * Math.exp(-(x * x + y * y) / 4)) / 4;
    });
  }).flat();
}

/** Filter k is excited by direction k, and by direction k + 1 or k + 2 at its side; the others quieten it. */
function cornerFilters(): number[] {
  return Array.from({ length: 16 * 8 * 9 }, (_, i) => {
    const [filter, direction, place] = [Math.floor(i / 72), Math.floor(i / 9) % 8, i % 9];
    const second = (filter + (filter < 8 ? 1 : 2)) % 8;
    if (direction === filter % 8) return place % 3 === 1 ? 0.3 : 0.05;
    if (direction === second) return Math.floor(place / 3) === 1 ? 0.3 : 0.05;
    return -0.03;
  });
}
