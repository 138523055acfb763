// Saving and loading weights by path.

import type { Tensor } from "../tensor.ts";
import { decodeSafetensors, encodeSafetensors } from "./safetensors.ts";

/**
 * Writes tensors by name to a safetensors file, bit by bit as they are; the file appears when it is whole. PyTorch reads it
 * with `safetensors.torch.load_file(path)`; the running statistics of batch norms take PyTorch's names (`running_mean`).
 * `metadata` are texts to keep with them.
 *
 * @example
 * await exchange.saveSafetensors(model.stateDict(), "lenet.safetensors")
 */
export async function saveSafetensors(
  state: Readonly<Record<string, Tensor>>,
  path: string,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const { writeParts } = await import("./nodeWeightFiles.ts");
  await writeParts("saveSafetensors", path, encodeSafetensors(state, metadata));
}

/**
 * The tensors of a safetensors file by name, ready for `model.loadStateDict`. Halves (F16, BF16) become float32, 64-bit
 * numbers float32 and int32 (an integer that does not fit is an error; float64 stays on the reference backend). PyTorch's
 * `running_mean` of batch norms becomes our `runningMean`; a truth value is false where its byte is 0, else true. The header
 * is checked against the file's size before memory is taken: a file that is cut off, damaged, of another format or with two
 * tensors of one name is a WeightFileError; one that cannot be opened an ArgumentError.
 *
 * @example
 * model.loadStateDict(await exchange.loadSafetensors("lenet.safetensors"))
 */
export async function loadSafetensors(path: string): Promise<Record<string, Tensor>> {
  const { withFile } = await import("./nodeWeightFiles.ts");
  return withFile(path, decodeSafetensors);
}
