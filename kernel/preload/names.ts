// Every name that a cell finds without an import. The only file of the kernel that imports the engine and the views;
// loading it connects them to the notebook. A name that is exported here is preloaded and known to the type checker.

import { isUndivided, recoverFromTermination, setInterruptFlag, stopLeftovers } from "../../engine/index.ts";
import { sweep, tidyBetween } from "../../engine/memory.ts";
import { publisher } from "../display.ts";
import { provideGarbage } from "../execution/garbage.ts";
import { interruptFlag, onTermination } from "../execution/interrupt.ts";
import { installViews } from "../view/index.ts";

export type { DType, Shape } from "../../engine/index.ts";
export {
  arange,
  checkGradient,
  classical,
  concat,
  customOp,
  data,
  detectAnomaly,
  enableGrad,
  evaluate,
  exchange,
  eye,
  fit,
  full,
  fullLike,
  Generator,
  grad,
  gradients,
  graphOf,
  History,
  hessian,
  historyOf,
  inspection,
  jacobian,
  linalg,
  linspace,
  metrics,
  models,
  nn,
  noGrad,
  ones,
  onesLike,
  optim,
  rand,
  randint,
  randn,
  randperm,
  scope,
  seed,
  stack,
  Tensor,
  tensor,
  zeros,
  zerosLike,
} from "../../engine/index.ts";
export { clearOutput, display } from "../display.ts";
export { getpass, prompt } from "../execution/input.ts";
export { type Chosen, type Control, interact, type Play } from "../interact.ts";
export { type Progress, type ProgressOptions, progress, show } from "../view/index.ts";

setInterruptFlag(interruptFlag());
onTermination({ isUndivided, stopLeftovers, recover: recoverFromTermination });
provideGarbage({ sweep, tidy: tidyBetween });
installViews(publisher);
