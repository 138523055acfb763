// The namespace `optim`: rules that turn gradients into better parameters.

export { Adam, type AdamOptions, adam } from "./adam.ts";
export { Optimizer } from "./optimizer.ts";
export { cosineAnnealing, linearDecay, type Schedule } from "./schedules.ts";
export { Sgd, type SgdOptions, sgd } from "./sgd.ts";
