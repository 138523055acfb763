/** Single predictions worth a look: the worst mistakes, or what the model was right about and surest of. */
import type { Dataset } from "../../../engine/data/dataset.ts";
import { ArgumentError, describeValue, ShapeError } from "../../../engine/errors.ts";
import { noGrad } from "../../../engine/gradmode.ts";
import { inEvaluation } from "../../../engine/nn/evaluation.ts";
import { type Module, requireModule } from "../../../engine/nn/module.ts";
import { checkOptions } from "../../../engine/options.ts";
import { isTensor } from "../../../engine/tensor.ts";
import { isDataset, unusualScale } from "../data/images.ts";
import {
  brightnessRange,
  columnsFor,
  imageBatch,
  picture,
  pixelFor,
  plane,
  tileOf,
} from "../drawing/grid.ts";
import type { Tile } from "../drawing/image.ts";
import { type Displayable, displayable } from "../mime.ts";
import { countOf, formatCount, formatNumber, formatPercent, formatShape } from "../wording.ts";

/** Options of `mistakes`. */
export interface MistakesOptions {
  /** How many to show. */
  n?: number;
  /** How many images the model is given at a time. */
  batchSize?: number;
  /** Which predictions: the "worst" mistakes (default), or to compare with them the right ones it was "surest" of. */
  which?: "worst" | "surest";
}

/**
 * Draws the wrong predictions with the highest loss: what it was taken for, what it is, and how sure the model was. With
 * `which: "surest"` the right ones with the highest probability.
 *
 * @throws ArgumentError where `model` is no module, `dataset` no data set or an option none.
 * @example
 * show.mistakes(model, test, { n: 12 });
 * show.mistakes(model, test, { which: "surest" });
 */
export function mistakes(model: Module, dataset: Dataset, options: MistakesOptions = {}): Displayable {
  checkOptions("show.mistakes", options, ["n", "batchSize", "which"]);
  requireModule("show.mistakes", "model", model);
  if (!isDataset(dataset)) {
    throw new ArgumentError(
      `show.mistakes: expected a data set such as data.digits().test, got ${describeValue(dataset)}`,
    );
  }
  const { n = 12, batchSize = 256, which = "worst" } = options;
  if (!Number.isInteger(n) || n < 1)
    throw new ArgumentError(`show.mistakes: n must be a whole number from 1, got ${n}`);
  if (which !== "worst" && which !== "surest")
    throw new ArgumentError(`show.mistakes: which is "worst" or "surest", got ${describeValue(which)}`);
  const all = predictionsOf(model, dataset, batchSize);
  return which === "worst" ? worstPicture(all, dataset, n) : surestPicture(all, dataset, n);
}

/** What a model made of one sample. */
export interface Prediction {
  index: number;
  label: number;
  prediction: number;
  /** Cross-entropy of this sample. */
  loss: number;
  /** Probability that the model gave to its prediction. */
  probability: number;
}

/** The prediction for each sample. `logits`: `[N, classes]`. */
export function readPredictions(
  logits: ArrayLike<number>,
  labels: ArrayLike<number>,
  classes: number,
): Prediction[] {
  return Array.from(labels, (label, index) => {
    const row = Array.from({ length: classes }, (_, i) => logits[index * classes + i]!);
    let prediction = 0;
    for (let i = 1; i < classes; i++) if (row[i]! > row[prediction]!) prediction = i;
    const top = row[prediction]!;
    const logSum = top + Math.log(row.reduce((sum, score) => sum + Math.exp(score - top), 0));
    return { index, label, prediction, loss: logSum - row[label]!, probability: Math.exp(top - logSum) };
  });
}

/** The model's predictions in evaluation mode. */
function predictionsOf(model: Module, dataset: Dataset, batchSize: number): Prediction[] {
  const found: Prediction[] = [];
  inEvaluation(model, () => {
    for (const [images, labels] of dataset.loader({ batchSize, target: "labels" })) {
      const scores = noGrad(() => model(images));
      if (!isTensor(scores) || scores.ndim !== 2) {
        const got = isTensor(scores) ? `shape ${formatShape(scores.shape)}` : describeValue(scores);
        throw new ShapeError(`show.mistakes: the model must give scores [N, classes], got ${got}`);
      }
      const start = found.length;
      for (const one of readPredictions(scores.toTypedArray(), labels.toTypedArray(), scores.shape[1]!))
        found.push({ ...one, index: one.index + start });
    }
  });
  return found;
}

const isRight = ({ label, prediction }: Prediction): boolean => label === prediction;

/** The wrong predictions with the highest loss. */
function worstPicture(all: readonly Prediction[], dataset: Dataset, n: number): Displayable {
  const wrong = all.filter((one) => !isRight(one)).sort((a, b) => b.loss - a.loss);
  const of = `${countOf(wrong.length, "mistake")} on ${countOf(all.length, "image")} (accuracy ${formatPercent(1 - wrong.length / all.length)})`;
  const [first] = wrong;
  if (!first) return displayable(`${of}.`, () => ({ data: { "text/plain": `${of}.` } }));
  const name = (label: number) => dataset.classes[label] ?? String(label);
  const text = `${of}; the worst is image ${first.index}: ${name(first.label)} taken for ${name(first.prediction)} with probability ${formatPercent(first.probability, 0)}.`;
  const title = wrong.length > n ? `The ${n} worst of ${countOf(wrong.length, "mistake")}` : "Mistakes";
  return grid(
    dataset,
    wrong.slice(0, n),
    title,
    text,
    "wrong",
    ({ label, prediction, loss, probability }) => [
      `✗ ${name(prediction)}, is ${name(label)}`,
      `loss ${formatNumber(loss)}, p ${formatPercent(probability, 0)}`,
    ],
  );
}

/** The right predictions with the highest probability. */
function surestPicture(all: readonly Prediction[], dataset: Dataset, n: number): Displayable {
  const right = all.filter(isRight).sort((a, b) => b.probability - a.probability);
  const of = `${formatCount(right.length)} of ${countOf(all.length, "image")} right (accuracy ${formatPercent(right.length / all.length)})`;
  const [first] = right;
  if (!first) return displayable(`${of}.`, () => ({ data: { "text/plain": `${of}.` } }));
  const name = (label: number) => dataset.classes[label] ?? String(label);
  const text = `${of}; the surest is image ${first.index}: ${name(first.label)} with probability ${formatPercent(first.probability)}.`;
  const title =
    right.length > n
      ? `The ${n} surest of ${countOf(right.length, "right prediction")}`
      : "Right predictions";
  return grid(dataset, right.slice(0, n), title, text, "right", ({ label, probability }) => [
    `✓ ${name(label)}`,
    `p ${formatPercent(probability)}`,
  ]);
}

function grid(
  dataset: Dataset,
  shown: readonly Prediction[],
  title: string,
  text: string,
  tone: "right" | "wrong",
  caption: (prediction: Prediction) => readonly string[],
): Displayable {
  const batch = imageBatch(dataset.subset(shown.map(({ index }) => index)).images, "show.mistakes");
  const range = brightnessRange(batch.values);
  const tiles = shown.map((one, i): Tile => {
    const pixels = plane(batch.values, i, batch.channels * batch.height * batch.width);
    return { ...tileOf(pixels, batch, range, "grey"), caption: caption(one), tone };
  });
  const panel = {
    tiles,
    columns: columnsFor(tiles.length, 6),
    pixel: pixelFor(batch.height, batch.width, 84),
  };
  return picture({ title, subtitle: text, arrange: "column", panels: [panel], ...unusualScale(range) }, text);
}
