/** Training that is more than layers, a loss and a step: a variational auto-encoder, and an MLP of tensor operations alone. */
import { gradients, matmul, models, noGrad, optim, type Tensor, tensor } from "../../../engine/index.ts";
import { pattern } from "../numbers.ts";
import type { Prepared } from "../serve.ts";
import { batchOf, fillWeights, networks } from "./networks.ts";

function variationalAutoEncoder(batch: number): Prepared {
  const model = models.vae();
  fillWeights(model);
  const images = tensor(pattern(batch * 784, 17).map(Math.abs), { shape: [batch, 784] });
  const loss = () => model.elbo(images).mean().neg();
  // Without the random code, so that it can be compared.
  model.eval();
  const result = noGrad(() => loss().item());
  model.train();
  const optimizer = optim.adam(model.parameters(), { lr: 0.001 });
  return {
    result,
    step() {
      const found = loss();
      found.backward();
      optimizer.step();
      found.item();
    },
  };
}

function multilayerPerceptron(batch: number): Prepared {
  const [images, labels] = batchOf(networks.MLP!, batch);
  const x = images.reshape([batch, 784]);
  const truth = tensor(
    Array.from(labels.storage.values(), (label) => Array.from({ length: 10 }, (_, k) => Number(k === label))),
  );
  const weight = (inputs: number, outputs: number, start: number) =>
    tensor(
      pattern(inputs * outputs, start).map((value) => value * Math.sqrt(3 / inputs)),
      { shape: [inputs, outputs], requiresGrad: true },
    );
  const bias = (size: number) => tensor(new Float32Array(size), { requiresGrad: true });
  let parameters: Tensor[] = [weight(784, 256, 0), bias(256), weight(256, 10, 1000), bias(10)];
  const step = () => {
    const [w1, b1, w2, b2] = parameters as [Tensor, Tensor, Tensor, Tensor];
    const hidden = matmul(x, w1).add(b1).maximum(0);
    const logits = matmul(hidden, w2).add(b2);
    const shifted = logits.sub(logits.max(1, { keepDim: true }).detach());
    const logProbabilities = shifted.sub(shifted.exp().sum(1, { keepDim: true }).log());
    const loss = logProbabilities.mul(truth).sum().div(-batch);
    const slopes = gradients(loss, parameters);
    parameters = parameters.map((one, i) => {
      const next = noGrad(() => one.sub(slopes[i]!.mul(0.01)));
      next.requiresGrad = true;
      return next;
    });
    return loss.item();
  };
  return { result: step(), step };
}

export const programs: Readonly<Record<string, (batch: number) => Prepared>> = {
  VAE: variationalAutoEncoder,
  "MLP from scratch": multilayerPerceptron,
};
