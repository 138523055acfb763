/**
 * Weights to and from files that PyTorch reads and writes; models as ONNX, for Netron and onnxruntime.
 *
 * @module
 */

export { type LoadOptions, LoadReport, loadWeights } from "./loadWeights.ts";
export { saveOnnx, toOnnx } from "./onnx.ts";
export { WeightFileError } from "./safetensors.ts";
export { loadSafetensors, saveSafetensors } from "./weightFiles.ts";
