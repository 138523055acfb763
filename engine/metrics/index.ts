/**
 * How good predictions are, as plain numbers. No gradients. All throw a ShapeError where predictions and targets do not go
 * together or there are none, and an ArgumentError for what is no number, class or mask; NaN among scores is refused, in
 * differences it stays NaN.
 *
 * @module
 */

export {
  type AverageOptions,
  accuracy,
  binaryAccuracy,
  classificationError,
  f1,
  perClassAccuracy,
  precision,
  recall,
  topK,
} from "./classification.ts";
export { type ClassReport, ConfusionMatrix, type ConfusionOptions, confusionMatrix } from "./confusion.ts";
export { auc, Calibration, type ConfidenceBin, calibration, RocCurve, roc } from "./curves.ts";
export { boxIou, dice, maskIou, meanIou } from "./regions.ts";
export { mae, mse, psnr } from "./regression.ts";
export type { Metric, Values } from "./values.ts";
