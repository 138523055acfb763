/** Every feed-forward model of the lectures in its small size, with numbers that depend on no generator: what onnxruntime computed with them is stored. */
import { tensor } from "../../../engine/creation.ts";
import { noGrad } from "../../../engine/gradmode.ts";
import { copyInto } from "../../../engine/inplace.ts";
import * as models from "../../../engine/models/index.ts";
import * as nn from "../../../engine/nn/index.ts";
import * as ops from "../../../engine/ops/index.ts";
import type { Tensor } from "../../../engine/tensor.ts";

/** Numbers that look random, between −1 and 1. */
export function numbers(shape: readonly number[], seed: number): Tensor {
  const size = shape.reduce((product, n) => product * n, 1);
  const values = Float32Array.from(
    { length: size },
    (_, i) => (((i * 7919 + seed * 104729) % 1009) - 504) / 504,
  );
  return tensor(values, { shape: [...shape] });
}

/** The model with such numbers for parameters, scaled by the number of inputs, and for running statistics. */
export function filled<Model extends nn.AnyModule>(model: Model): Model {
  model.namedParameters().forEach(([, own], i) => {
    const inputs = own.ndim > 1 ? own.size / own.shape[0]! : 4;
    copyInto(own, numbers(own.shape, i).mul(1 / Math.sqrt(inputs / 3)));
  });
  model.namedBuffers().forEach(([path, own], i) => {
    if (path.endsWith("runningVar")) copyInto(own, numbers(own.shape, i).mul(0.5).add(1));
    if (path.endsWith("runningMean")) copyInto(own, numbers(own.shape, i).mul(0.1));
  });
  return model;
}

/** What a variational auto-encoder makes of latent numbers. */
class Generation extends nn.Module {
  readonly vae = models.vae({ inputs: 100, hidden: 32, latents: 4 });

  forward(z: Tensor): Tensor {
    return this.vae.generate(z);
  }
}

/** Operations that the models of the lectures do not use, or not in this way. */
class Others extends nn.Module<[Tensor], Record<string, Tensor>> {
  readonly convolution = nn.conv2d(4, 6, 3, { padding: 2, dilation: 2, groups: 2, stride: [2, 1] });
  readonly mirrored = nn.conv2d(6, 4, 3, { padding: 1, paddingMode: "reflect" });
  readonly norm = nn.layerNorm([4, 5, 8]);

  forward(x: Tensor): Record<string, Tensor> {
    const y = this.norm(this.mirrored(this.convolution(x)));
    return {
      pooled: ops.avgPool2d(y, 3, { stride: 2, padding: 1, ceilMode: true }),
      largest: ops.maxPool2d(y, 3, { stride: 3, padding: 1, ceilMode: true }),
      finer: ops.upsample(y, { scale: 2, mode: "bilinear" }),
      part: ops.flip(y.slice([null, [1, 3], 2, [0, 8, 2]]), 0),
      picked: ops.indexSelect(y, 1, [2, 0, 0]),
      framed: ops.pad(y, [[1, 2]], 2),
      products: y.matmul(y.transpose(2, 3)).softmax(1),
      sums: y.clamp(-0.5, 1).sum([1, 3]),
    };
  }
}

/** Steps that depend on comparisons, and sums that run or are of exponentials. */
class Choices extends nn.Module<[Tensor], Record<string, Tensor>> {
  readonly channelwise = nn.prelu(4);
  readonly single = nn.prelu();

  forward(x: Tensor): Record<string, Tensor> {
    const [left, right] = [x.narrow(3, 0, 4), x.narrow(3, 4, 4)];
    const positive = noGrad(() => left.greater(0));
    return {
      leaking: this.single(this.channelwise(x)),
      scores: x.mul(30).add(1000).logSumExp(1),
      all: x.logSumExp([1, 3], { keepDim: true }),
      running: x.cumsum(2).cumsum(3),
      larger: ops.where(left.greater(right), left, right),
      least: ops.where(left.lessEqual(right), left, right),
      inside: ops.where(x.greaterEqual(-0.5).logicalAnd(x.less(0.5)), x, 0),
      either: ops.where(positive.logicalOr(right.greater(0)).logicalXor(positive), 1, left),
      halves: ops.where(x.mul(2).round().equal(1).logicalNot(), x, -1).sum([2, 3]),
      others: ops.where(x.relu().notEqual(x), x.abs(), x.square()),
      length: x.norm(1),
      best: x.argmax(1),
      worst: x.flatten(1).argmin(1, { keepDim: true }),
    };
  }
}

/** By name: the model, and the shape of one input. */
export const exported: Readonly<
  Record<string, readonly [make: () => nn.AnyModule, input: readonly number[]]>
> = {
  leNet5: [() => models.leNet5(), [1, 28, 28]],
  leNet5Original: [() => models.leNet5Original(), [1, 28, 28]],
  mlp: [() => models.mlp([20, 16, 4]), [20]],
  alexNetSmall: [() => models.alexNetSmall(), [1, 28, 28]],
  vggSmall: [() => models.vggSmall(), [1, 28, 28]],
  googLeNetSmall: [() => models.googLeNetSmall(), [1, 28, 28]],
  resNetSmall: [() => models.resNetSmall(8), [1, 28, 28]],
  plainNet: [() => models.plainNet(8), [1, 28, 28]],
  denseNetSmall: [() => models.denseNetSmall(), [1, 28, 28]],
  uNetSmall: [() => models.uNetSmall(), [1, 32, 32]],
  fullyConvolutionalSmall: [() => models.fullyConvolutionalSmall(), [1, 28, 28]],
  gapClassifier: [() => models.gapClassifier(), [1, 28, 28]],
  autoencoder: [() => models.autoencoder([784, 32, 8]), [1, 28, 28]],
  contextEncoder: [() => models.contextEncoder(), [1, 28, 28]],
  convEncoder: [() => models.convEncoder(), [1, 28, 28]],
  detector: [() => models.detector(), [1, 32, 32]],
  rotationClassifier: [() => models.rotationClassifier(), [1, 28, 28]],
  contrastiveEncoder: [() => models.contrastiveEncoder(), [1, 28, 28]],
  vaeDecoder: [() => new Generation(), [4]],
  others: [() => new Others(), [4, 9, 8]],
  choices: [() => new Choices(), [4, 9, 8]],
  ganGenerator: [() => models.gan().generator, [2]],
  dcganGenerator: [() => models.dcganSmall().generator, [16, 1, 1]],
};
