/**
 * The game of a generator G and a discriminator D (Goodfellow et al. 2014; lecture step 003.90), min over G, max over D
 * of E ln D(x) + E ln(1 − D(G(z))). All take D's logits, before its sigmoid.
 *
 * @module
 */

import { ArgumentError } from "../../errors.ts";
import type { Tensor } from "../../tensor.ts";
import { requireTensor } from "../requireTensor.ts";
import { reduce } from "./reduction.ts";

function logitsOf(operation: string, role: string, logits: Tensor): Tensor {
  requireTensor(`adversarial.${operation}`, role, logits);
  if (logits.op === "sigmoid") {
    throw new ArgumentError(
      `adversarial.${operation}: ${role} came out of a sigmoid, which is inside already; leave the sigmoid out of the discriminator`,
    );
  }
  return logits;
}

/** The mean of `−ln D` over these samples. */
const saidReal = (operation: string, logits: Tensor): Tensor =>
  reduce(logits.neg().softplus(), {}, `adversarial.${operation}`);

/** The mean of `−ln(1 − D)` over these samples. */
const saidFake = (operation: string, logits: Tensor): Tensor =>
  reduce(logits.softplus(), {}, `adversarial.${operation}`);

/**
 * The game's value `mean ln D(x) + mean ln(1 − D(G(z)))`: what D makes large and G small; −2 ln 2 = −1.386294 when D cannot
 * tell and says ½ to everything. Throws an ArgumentError for what came out of a sigmoid.
 *
 * @example
 * nn.adversarial.value(d(images), d(g(z))).item()
 */
export function value(realLogits: Tensor, fakeLogits: Tensor): Tensor {
  const real = logitsOf("value", "realLogits", realLogits);
  const fake = logitsOf("value", "fakeLogits", fakeLogits);
  return saidReal("value", real).add(saidFake("value", fake)).neg();
}

/**
 * The discriminator's loss, the negative of the game's value: `−mean ln D(x) − mean ln(1 − D(G(z)))`. Throws an
 * ArgumentError for what came out of a sigmoid.
 *
 * @example
 * nn.adversarial.discriminator(d(images), d(g(z).detach())).backward()   // detach: only D learns
 */
export function discriminator(realLogits: Tensor, fakeLogits: Tensor): Tensor {
  const real = logitsOf("discriminator", "realLogits", realLogits);
  const fake = logitsOf("discriminator", "fakeLogits", fakeLogits);
  return saidReal("discriminator", real).add(saidFake("discriminator", fake));
}

/**
 * The generator's loss in the form that is used, `−mean ln D(G(z))`: its gradient is strong while D sees through
 * everything. Throws an ArgumentError for what came out of a sigmoid.
 *
 * @example
 * nn.adversarial.generator(d(g(z))).backward()
 */
export function generator(fakeLogits: Tensor): Tensor {
  return saidReal("generator", logitsOf("generator", "fakeLogits", fakeLogits));
}

/**
 * The generator's loss as the game has it, `mean ln(1 − D(G(z)))`: where D sees through everything its gradient is nearly 0
 * (it saturates), so nothing is learned from a clear defeat. Throws an ArgumentError for what came out of a sigmoid.
 *
 * @example
 * nn.adversarial.saturatingGenerator(d(g(z))).backward()
 */
export function saturatingGenerator(fakeLogits: Tensor): Tensor {
  return saidFake("saturatingGenerator", logitsOf("saturatingGenerator", "fakeLogits", fakeLogits)).neg();
}
