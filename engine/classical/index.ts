/**
 * Methods older than deep networks, to compare with and to learn from: regression, perceptron, neighbours, k-means, PCA,
 * densities, image features, splits. No gradients.
 *
 * @module
 */

export { Majority, majority, Standardiser, standardiser } from "./baselines.ts";
export {
  Bernstein,
  type BernsteinOptions,
  bernstein,
  Fourier,
  type FourierOptions,
  fourier,
} from "./curves.ts";
export {
  type GradientHistogramOptions,
  gradientHistogram,
  type HogOptions,
  hog,
  IntegralImage,
  integralImage,
} from "./features.ts";
export { KernelDensity, type KernelDensityOptions, kernelDensity } from "./kernelDensity.ts";
export { KMeans, type KMeansOptions, kMeans } from "./kMeans.ts";
export {
  type DescentOptions,
  type DescentStep,
  LinearRegression,
  type LinearRegressionOptions,
  linearRegression,
} from "./linearRegression.ts";
export {
  LogisticRegression,
  type LogisticRegressionOptions,
  logisticRegression,
} from "./logisticRegression.ts";
export {
  NearestNeighbours,
  type NearestNeighboursOptions,
  type Neighbours,
  nearestNeighbours,
} from "./nearestNeighbours.ts";
export {
  type Correction,
  Perceptron,
  type PerceptronOptions,
  perceptron,
  ThresholdUnit,
  thresholdUnit,
} from "./perceptron.ts";
export {
  PCA,
  type PCAOptions,
  ProbabilisticPCA,
  type ProbabilisticPCAOptions,
  pca,
  probabilisticPCA,
} from "./principal.ts";
export {
  type BootstrapOptions,
  BootstrapResult,
  type BootstrapSample,
  bootstrap,
  bootstrapSample,
  type Fold,
  type FoldOptions,
  type HoldOutOptions,
  holdOut,
  type JackknifeResult,
  jackknife,
  kFold,
  type Statistic,
  stratifiedKFold,
  type ThreeSets,
} from "./resampling.ts";
