/**
 * The game of a generator G and a discriminator D (Goodfellow et al. 2014; lecture step 003.90), min over G, max over D
 * of E ln D(x) + E ln(1 − D(G(z))). All take D's logits, before its sigmoid.
 *
 * @module
 */

import { ArgumentError } from "../../errors.ts";
import type { Tensor } from "../../tensor.ts";
import { requireTensor } from "../requireTensor.ts";

function logitsOf(operation: string, role: string, logits: Tensor): Tensor {
  requireTensor(`adversarial.${operation}`, role, logits);
  if (logits.op === "sigmoid") {
    throw new ArgumentError(
      `adversarial.${operation}: ${role} came out of a sigmoid, which is inside already; leave the sigmoid out of the discriminator`,
    );
  }
  return logits;
}

/**
 * The game's value `mean ln D(x) + mean ln(1 − D(G(z)))`: what D makes large and G small; −2 ln 2 = −1.386294 when D cannot
 * tell and says ½ to everything.
 *
 * @example
 * nn.adversarial.value(d(images), d(g(z))).item()
 */
export function value(realLogits: Tensor, fakeLogits: Tensor): Tensor {
  const real = logitsOf("value", "realLogits", realLogits);
  const fake = logitsOf("value", "fakeLogits", fakeLogits);
  return real.neg().softplus().mean().add(fake.softplus().mean()).neg();
}

/**
 * The discriminator's loss, the negative of the game's value: `−mean ln D(x) − mean ln(1 − D(G(z)))`.
 *
 * @example
 * nn.adversarial.discriminator(d(images), d(g(z).detach())).backward()   // detach: only D learns
 */
export function discriminator(realLogits: Tensor, fakeLogits: Tensor): Tensor {
  const real = logitsOf("discriminator", "realLogits", realLogits);
  const fake = logitsOf("discriminator", "fakeLogits", fakeLogits);
  return real.neg().softplus().mean().add(fake.softplus().mean());
}

/**
 * The generator's loss in the form that is used, `−mean ln D(G(z))`: its gradient is strong while D sees through everything.
 *
 * @example
 * nn.adversarial.generator(d(g(z))).backward()
 */
export function generator(fakeLogits: Tensor): Tensor {
  return logitsOf("generator", "fakeLogits", fakeLogits).neg().softplus().mean();
}

/**
 * The generator's loss as the game has it, `mean ln(1 − D(G(z)))`: where D sees through everything its gradient is nearly 0
 * (it saturates), so nothing is learned from a clear defeat.
 *
 * @example
 * nn.adversarial.saturatingGenerator(d(g(z))).backward()
 */
export function saturatingGenerator(fakeLogits: Tensor): Tensor {
  return logitsOf("saturatingGenerator", "fakeLogits", fakeLogits).softplus().mean().neg();
}
