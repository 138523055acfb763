/**
 * What is to be put right after running code was terminated from outside (`Runtime.terminateExecution`): no `finally` ran,
 * so modes and scopes that were entered were never left.
 */
import { resetAnomalyDetection } from "./anomaly.ts";
import { resetGradMode } from "./gradmode.ts";
import { resetUndivided } from "./interrupt.ts";
import { abandonScope, Scope } from "./memory.ts";
import { stopTracing } from "./nn/module.ts";
import { resetPlace } from "./place.ts";

/** Call it when running code has been terminated, before other code runs: gradients on, no scope open, nothing traced. */
export function recoverFromTermination(): void {
  resetUndivided();
  resetGradMode();
  resetAnomalyDetection();
  resetPlace();
  abandonScope(new Scope(null));
  stopTracing();
}
