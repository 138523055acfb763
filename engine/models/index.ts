/**
 * Networks of the lectures, ready to train: in the sizes of the papers, and small ones that train in seconds.
 *
 * @module
 */

export { AlexNet, type AlexNetOptions, alexNet, alexNetSmall, TorchvisionAlexNet } from "./alexNet.ts";
export { Autoencoder, type AutoencoderOptions, autoencoder } from "./autoencoder.ts";
export {
  type ChannelwiseLinear,
  ContextEncoder,
  type ContextEncoderOptions,
  contextEncoder,
  type HoleOptions,
  punchHoles,
} from "./contextEncoder.ts";
export {
  ContrastiveEncoder,
  type ContrastiveEncoderOptions,
  contrastiveEncoder,
} from "./contrastiveEncoder.ts";
export { ConvEncoder, type ConvEncoderOptions, convEncoder, type Encoder } from "./convEncoder.ts";
export { type DcganOptions, dcgan, dcganSmall } from "./dcgan.ts";
export {
  DenseBlock,
  type DenseFeatures,
  type DenseLayer,
  DenseNet,
  type DenseNetOptions,
  denseBlock,
  denseNet121,
  denseNet201,
  denseNetSmall,
} from "./denseNet.ts";
export { DensityNetwork, type DensityNetworkOptions, densityNetwork } from "./densityNetwork.ts";
export { Detector, type DetectorOptions, detector } from "./detector.ts";
export {
  FullyConvolutional,
  type FullyConvolutionalOptions,
  fullyConvolutional,
  fullyConvolutionalSmall,
} from "./fullyConvolutional.ts";
export { Gan, type GanOptions, gan } from "./gan.ts";
export { GapClassifier, type GapClassifierOptions, gapClassifier } from "./gapClassifier.ts";
export {
  type ConvolutionUnit,
  GoogLeNet,
  type GoogLeNetOptions,
  googLeNet,
  googLeNetSmall,
  Inception,
  InceptionNaive,
  type InceptionWidths,
  inception,
  inceptionNaive,
} from "./googLeNet.ts";
export type { ImageOptions } from "./imageOptions.ts";
export { LeNet5, type LeNet5Options, leNet5 } from "./leNet5.ts";
export {
  LeNet5Original,
  leNet5Original,
  type PartialConv2d,
  type RadialBasis,
  type Squash,
  type Subsampling,
} from "./leNet5Original.ts";
export { Mlp, type MlpOptions, mlp } from "./mlp.ts";
export {
  type ContrastiveDivergenceOptions,
  DeepBelief,
  deepBelief,
  Rbm,
  rbm,
} from "./rbm.ts";
export {
  plainNet,
  ResNet,
  type ResNetOptions,
  resNet18,
  resNet34,
  resNet50,
  resNet152,
  resNetSmall,
  SmallResNet,
} from "./resNet.ts";
export { RotationClassifier, rotationClassifier, rotations } from "./rotation.ts";
export {
  type DeepDreamOptions,
  deepDream,
  gram,
  type ImageFrame,
  type MadeImage,
  type StyleTransferOptions,
  styleTransfer,
} from "./style.ts";
export { UNet, type UNetOptions, uNet, uNetSmall } from "./uNet.ts";
export { Vae, type VaeOptions, type VaeOutput, vae } from "./vae.ts";
export { Vgg, vgg11, vgg16, vgg19, vggSmall } from "./vgg.ts";
