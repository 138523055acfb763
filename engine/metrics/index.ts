/**
 * How good predictions are, as plain numbers. No gradients.
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
