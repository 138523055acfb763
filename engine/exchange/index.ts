/**
 * Weights to and from files that PyTorch reads and writes.
 *
 * @module
 */

export { type LoadOptions, LoadReport, loadWeights } from "./loadWeights.ts";
export { WeightFileError } from "./safetensors.ts";
export { loadSafetensors, saveSafetensors } from "./weightFiles.ts";
