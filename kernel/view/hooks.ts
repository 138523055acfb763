/** The hooks by which the engine's objects show themselves in a notebook, and trainings their progress. */
import { Batch } from "../../engine/data/batch.ts";
import { Dataset } from "../../engine/data/dataset.ts";
import {
  Attribution,
  Deconvolution,
  DistributionHistory,
  UpdateRatios,
  WeightEvolution,
} from "../../engine/inspection/index.ts";
import { Calibration, ConfusionMatrix, RocCurve } from "../../engine/metrics/index.ts";
import { Module } from "../../engine/nn/module.ts";
import { LearningRateSearch } from "../../engine/optim/learningRate.ts";
import { Optimizer } from "../../engine/optim/optimizer.ts";
import { Tensor } from "../../engine/tensor.ts";
import { History, observeTraining } from "../../engine/training.ts";
import { batchPicture, datasetPicture } from "./data/samples.ts";
import { tensor } from "./data/tensor.ts";
import { showLivePictures } from "./live.ts";
import { type Displayable, displaySymbol, type MimeBundle, type Publisher } from "./mime.ts";
import { summary } from "./network/network.ts";
import { findingPicture } from "./network/overlay.ts";
import { optimizerPicture } from "./network/parameters.ts";
import { weightEvolution } from "./network/weightEvolution.ts";
import { calibration } from "./results/calibration.ts";
import { confusionMatrix } from "./results/confusion.ts";
import { roc } from "./results/roc.ts";
import { curves } from "./training/curves.ts";
import { trainingDashboard } from "./training/dashboard.ts";
import { distributions } from "./training/distributions.ts";
import { showProgressAt } from "./training/progress.ts";
import { learningRates } from "./training/rates.ts";
import { updateRatios } from "./training/updates.ts";

/** Gives instances of a class their picture. */
function showAs<T extends object>(prototype: T, picture: (instance: T) => Displayable | string): void {
  const value = function (this: T): MimeBundle {
    const shown = picture(this);
    return typeof shown === "string" ? { data: { "text/plain": shown } } : shown[displaySymbol]();
  };
  Object.defineProperty(prototype, displaySymbol, {
    value,
    configurable: true,
    writable: true,
    enumerable: false,
  });
}

/**
 * Makes the engine's objects show themselves, and trainings and loops show their progress through `publisher`. Under nbgrader, which
 * reads outputs as answers, only the finished chart is published. Returns the function that ends the watching of trainings.
 */
export function installViews(publisher: Publisher): () => void {
  showAs(Tensor.prototype, (value) => tensor(value));
  showAs(Module.prototype, (module) => (module.children.length === 0 ? String(module) : summary(module)));
  showAs(Dataset.prototype, (dataset) => datasetPicture(dataset));
  showAs(Batch.prototype, (batch) => batchPicture(batch));
  showAs(ConfusionMatrix.prototype, (matrix) => confusionMatrix(matrix));
  showAs(RocCurve.prototype, (curve) => roc(curve));
  showAs(Calibration.prototype, (result) => calibration(result));
  showAs(History.prototype, (history) => (history.steps.length === 0 ? String(history) : curves(history)));
  showAs(Optimizer.prototype, (optimizer) => optimizerPicture(optimizer));
  showAs(LearningRateSearch.prototype, (search) => learningRates(search));
  showAs(Attribution.prototype, (finding) => findingPicture(finding));
  showAs(WeightEvolution.prototype, (evolution) => weightEvolution(evolution));
  showAs(Deconvolution.prototype, (finding) => findingPicture(finding));
  showAs(DistributionHistory.prototype, (history) =>
    history.steps.length === 0 ? String(history) : distributions(history),
  );
  showAs(UpdateRatios.prototype, (watch) =>
    [...watch.ratios.values()].some((ratios) => ratios.length > 0) ? updateRatios(watch) : String(watch),
  );
  const live = !process.env.NBGRADER_EXECUTION;
  showLivePictures(publisher, { live });
  showProgressAt({ publisher, live, now: () => performance.now() });
  const unwatch = observeTraining(trainingDashboard(publisher, { live }));
  return () => {
    showProgressAt(null);
    unwatch();
  };
}
