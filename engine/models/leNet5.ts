// LeNet-5 as it is built today: every map sees every map, plain pooling, a linear output.

import { ArgumentError, describeValue } from "../errors.ts";
import { type Conv2d, conv2d } from "../nn/convolution.ts";
import { type Flatten, flatten } from "../nn/flatten.ts";
import { type Linear, linear } from "../nn/linear.ts";
import { Module } from "../nn/module.ts";
import { avgPool2d, maxPool2d } from "../nn/pooling.ts";
import { checkOptions } from "../options.ts";
import type { Tensor } from "../tensor.ts";
import { type ActivationName, activationByName } from "./activationByName.ts";

/** Options of `leNet5`. */
export interface LeNet5Options {
  /** After every layer but the last (default "relu"; the paper's is a tanh). */
  readonly activation?: ActivationName;
  /** Default "max"; the paper's is an average. */
  readonly pooling?: "max" | "avg";
  /** Height and width of the images: 28 (padded to 32, the default) or 32. */
  readonly imageSize?: 28 | 32;
  /** Channels of the images (default 1). */
  readonly channels?: number;
  /** How many classes (default 10). */
  readonly classes?: number;
}

/** See {@link leNet5}. The layers have the names of the paper; `aN` is the activation after layer N. */
export class LeNet5 extends Module {
  readonly c1: Conv2d;
  readonly a1: Module;
  readonly s2: Module;
  readonly c3: Conv2d;
  readonly a3: Module;
  readonly s4: Module;
  readonly c5: Conv2d;
  readonly a5: Module;
  readonly flatten: Flatten;
  readonly f6: Linear;
  readonly a6: Module;
  readonly output: Linear;

  constructor(options: LeNet5Options = {}) {
    super();
    checkOptions("leNet5", options, ["activation", "pooling", "imageSize", "channels", "classes"]);
    const { activation = "relu", pooling = "max", imageSize = 28, channels = 1, classes = 10 } = options;
    if (imageSize !== 28 && imageSize !== 32) {
      throw new ArgumentError(`leNet5: imageSize must be 28 or 32, got ${describeValue(imageSize)}`);
    }
    if (pooling !== "max" && pooling !== "avg") {
      throw new ArgumentError(`leNet5: pooling must be "max" or "avg", got ${describeValue(pooling)}`);
    }
    const act = (): Module => activationByName("leNet5", activation);
    const pool = pooling === "max" ? maxPool2d : avgPool2d;
    this.c1 = conv2d(channels, 6, 5, { padding: imageSize === 28 ? 2 : 0 });
    this.a1 = act();
    this.s2 = pool(2);
    this.c3 = conv2d(6, 16, 5);
    this.a3 = act();
    this.s4 = pool(2);
    this.c5 = conv2d(16, 120, 5);
    this.a5 = act();
    this.flatten = flatten();
    this.f6 = linear(120, 84);
    this.a6 = act();
    this.output = linear(84, classes);
  }

  forward(x: Tensor): Tensor {
    const edges = this.s2(this.a1(this.c1(x)));
    const parts = this.s4(this.a3(this.c3(edges)));
    const features = this.flatten(this.a5(this.c5(parts)));
    return this.output(this.a6(this.f6(features)));
  }
}

/**
 * LeNet-5 in its usual modern form, 61,706 parameters: `[N, 1, 28, 28] → [N, 10]` logits. Sizes of the maps:
 * 32 (28 padded by 2) - 28 - 14 - 10 - 5 - 1. LeCun, Bottou, Bengio & Haffner 1998; lecture steps 001.45 and 003.56. The
 * wiring of 1998 with its 60,000 parameters is `models.leNet5Original()`.
 *
 * @example
 * const model = models.leNet5({ activation: "tanh", pooling: "avg" })
 * model(images)   // [N, 10]
 */
export function leNet5(options: LeNet5Options = {}): LeNet5 {
  return new LeNet5(options);
}
