// The namespace `models`: networks of the lectures, ready to train.

export { AlexNet, alexNet, alexNetSmall } from "./alexNet.ts";
export type { ImageOptions } from "./imageOptions.ts";
export { LeNet5, type LeNet5Options, leNet5 } from "./leNet5.ts";
export { LeNet5Original, leNet5Original } from "./leNet5Original.ts";
export { Mlp, type MlpOptions, mlp } from "./mlp.ts";
export { Vgg, vgg11, vgg16, vgg19, vggSmall } from "./vgg.ts";
