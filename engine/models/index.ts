// The namespace `models`: networks of the lectures, ready to train.

export { LeNet5, type LeNet5Options, leNet5 } from "./leNet5.ts";
export { LeNet5Original, leNet5Original } from "./leNet5Original.ts";
export { Mlp, type MlpOptions, mlp } from "./mlp.ts";
