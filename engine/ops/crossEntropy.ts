/** Cross-entropy of scores and class numbers as one operation: the loss of each sample, softmax inside. */
import { makeEmpty, zerosLike } from "../creation.ts";
import { isGradEnabled } from "../gradmode.ts";
import { type Primitive, run } from "../op.ts";
import type { Tensor } from "../tensor.ts";
import { oneHot } from "./counting.ts";
import { mul, sub } from "./elementwise.ts";
import { permute, reshape } from "./movement.ts";
import { softmax } from "./softmax.ts";

/** Operands: the probabilities, the labels, ∂L/∂losses. */
const logitsGradient: Primitive = {
  name: "crossEntropyGradient",
  shape: ([probabilities]) => probabilities!.shape,
  forward: (backend, [probabilities, labels, gradient], out) => {
    const [rows, classes] = out.shape as readonly [number, number];
    backend.crossEntropyGradient(
      probabilities!.storage,
      labels!.storage,
      gradient!.storage,
      out.storage,
      rows,
      classes,
    );
    return null;
  },
  backward: null,
};

/** Operands: logits `[N, C]` and labels `[N]`. The probabilities are kept for the gradient. */
const crossEntropy: Primitive = {
  name: "crossEntropy",
  formula: "ℓ = ln Σⱼ e^xⱼ − x_label;  ∂L/∂xᵢ = g (softmax(x)ᵢ − [i = label])",
  shape: ([logits]) => [logits!.shape[0]!],
  forward: (backend, [logits, labels], out) => {
    const probabilities = makeEmpty("crossEntropy", logits!.shape, logits!.dtype, backend);
    if (logits!.size > 0)
      backend.crossEntropy(
        logits!.storage,
        labels!.storage,
        probabilities.storage,
        out.storage,
        ...(logits!.shape as [number, number]),
      );
    return probabilities;
  },
  backward: (g, _losses, [logits, labels], _options, probabilities) => {
    if (logits!.size === 0) return [zerosLike(logits!), null];
    if (!isGradEnabled()) return [run(logitsGradient, [probabilities!, labels!, g], undefined), null];
    const target = oneHot(labels!, logits!.shape[1]!).to(logits!.dtype);
    return [mul(sub(softmax(logits!, 1), target), reshape(g, [-1, 1])), null];
  },
};

/**
 * `ln Σ e^logits − logits[label]` for each sample, in the shape of the labels. `logits` are `[N, C]` or `[N, C, …]`, `labels`
 * (int32, checked) `[N]` or `[N, …]`.
 */
export function crossEntropyOf(logits: Tensor, labels: Tensor): Tensor {
  if (logits.ndim === 2) return run(crossEntropy, [logits, labels], undefined);
  const classes = logits.shape[1]!;
  const places = Array.from({ length: logits.ndim - 2 }, (_, i) => i + 2);
  const rows = reshape(permute(logits, [0, ...places, 1]), [labels.size, classes]);
  return reshape(run(crossEntropy, [rows, reshape(labels, [labels.size])], undefined), labels.shape);
}
