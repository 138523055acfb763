/**
 * Data sets and loaders: drawn digits, shapes and textures, MNIST, CIFAR, points in the plane, your own images and arrays.
 *
 * @module
 */

export { cifar10, cifar100, cifar100Superclasses } from "./cifar.ts";
export { Dataset, type DatasetFoldOptions, type SplitOptions } from "./dataset.ts";
export { type DigitsOptions, digits, type TrainAndTest } from "./digits.ts";
export type { DownloadProgress } from "./download.ts";
export { DataError, MissingDataError } from "./errors.ts";
export { fashionMnist } from "./fashionMnist.ts";
export { type FromArraysOptions, fromArrays } from "./fromArrays.ts";
export { GrowingBatches, type GrowingBatchesOptions, growingBatches } from "./growingBatches.ts";
export { type ImageOptions, image } from "./image.ts";
export { imageFolder } from "./imageFolder.ts";
export { Loader, type LoaderOptions } from "./loader.ts";
export { type MnistOptions, mnist } from "./mnist.ts";
export { blobs, type ClassesOptions, circles, moons, type PointsOptions, spirals, xor } from "./points.ts";
export type { PublishedDataOptions } from "./publishedFiles.ts";
export { type ShapeName, type ShapesOptions, shapeColours, shapes } from "./shapes.ts";
export { type TextureName, type TexturesOptions, textures } from "./textures.ts";
export { type TimeSeriesOptions, timeSeries } from "./timeSeries.ts";
export * as transforms from "./transforms/index.ts";
