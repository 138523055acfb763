// The last watchdog, outside of Node: where its threads cannot end because one hangs in native code, its timers do not
// run any more either, and only the system can end the process.

import { createRequire } from "node:module";

/** After how many seconds; the timer that should have done it is faster. */
const seconds = 2;

/** From now on the process has two seconds, where the system knows alarms. */
export function alarm(): void {
  if (process.platform === "win32") return;
  try {
    const koffi = createRequire(import.meta.url)("koffi") as typeof import("koffi");
    koffi.load(null).func("unsigned int alarm(unsigned int seconds)")(seconds);
  } catch {
    // Without koffi the timer has to do.
  }
}
