// SIGINT for the protocol thread. Node tells only the main thread of signals, and that one may be in an endless loop;
// but a Worker's event loop can listen by itself, with the class behind `process.on("SIGINT")`.

import { createRequire } from "node:module";
import { constants } from "node:os";

interface SignalHandle {
  onsignal: () => void;
  start(signal: number): number;
  unref(): void;
}

/** Calls `interrupted` at every SIGINT; needs `--expose-internals`, and returns whether it could be done. */
export function onSigint(interrupted: () => void): boolean {
  try {
    const require = createRequire(import.meta.url);
    const { internalBinding } = require("internal/test/binding") as {
      internalBinding(name: "signal_wrap"): { Signal: new () => SignalHandle };
    };
    const handle = new (internalBinding("signal_wrap").Signal)();
    handle.onsignal = interrupted;
    handle.unref();
    return handle.start(constants.signals.SIGINT) === 0;
  } catch {
    return false;
  }
}
