/** Softmax regression in plain loops, well trained: the measure of how hard a data set is without hidden layers. */

import type { TrainAndTest } from "../../engine/data/index.ts";

const inputs = 784;
const classes = 10;
const epochs = 20;
const batchSize = 50;

/** The best test accuracy after any epoch of gradient descent with momentum: as generous as can be. */
export function linearAccuracy({ train, test }: TrainAndTest): number {
  const weights = new Float64Array(inputs * classes);
  const bias = new Float64Array(classes);
  const weightVelocity = new Float64Array(inputs * classes);
  const biasVelocity = new Float64Array(classes);
  const images = train.images.toTypedArray();
  const labels = train.labels.toTypedArray();
  const probabilities = new Float64Array(classes);
  let best = 0;
  for (let epoch = 0; epoch < epochs; epoch++) {
    const rate = 0.02 * (1 - epoch / epochs);
    for (let start = 0; start < train.size; start += batchSize) {
      for (let i = 0; i < weightVelocity.length; i++) weightVelocity[i]! *= 0.9;
      for (let c = 0; c < classes; c++) biasVelocity[c]! *= 0.9;
      for (let sample = start; sample < Math.min(start + batchSize, train.size); sample++) {
        logits(images, sample, weights, bias, probabilities);
        softmax(probabilities);
        for (let c = 0; c < classes; c++) {
          const error = (probabilities[c]! - (labels[sample] === c ? 1 : 0)) / batchSize;
          biasVelocity[c]! += error;
          for (let i = 0; i < inputs; i++)
            weightVelocity[c * inputs + i]! += error * images[sample * inputs + i]!;
        }
      }
      for (let i = 0; i < weights.length; i++) weights[i]! -= rate * weightVelocity[i]!;
      for (let c = 0; c < classes; c++) bias[c]! -= rate * biasVelocity[c]!;
    }
    best = Math.max(best, accuracyOn(test, weights, bias, probabilities));
  }
  return best;
}

function accuracyOn(
  set: TrainAndTest["test"],
  weights: Float64Array,
  bias: Float64Array,
  scores: Float64Array,
): number {
  const images = set.images.toTypedArray();
  const labels = set.labels.toTypedArray();
  let right = 0;
  for (let sample = 0; sample < set.size; sample++) {
    logits(images, sample, weights, bias, scores);
    if (scores.indexOf(Math.max(...scores)) === labels[sample]) right++;
  }
  return right / set.size;
}

function logits(
  images: ArrayLike<number>,
  sample: number,
  weights: Float64Array,
  bias: Float64Array,
  out: Float64Array,
): void {
  for (let c = 0; c < classes; c++) {
    let sum = bias[c]!;
    for (let i = 0; i < inputs; i++) sum += weights[c * inputs + i]! * images[sample * inputs + i]!;
    out[c] = sum;
  }
}

function softmax(values: Float64Array): void {
  const largest = Math.max(...values);
  let total = 0;
  for (let c = 0; c < values.length; c++) {
    values[c] = Math.exp(values[c]! - largest);
    total += values[c]!;
  }
  for (let c = 0; c < values.length; c++) values[c]! /= total;
}
