// How much native code and child processes have written to descriptor 1 so far; see protocol/capture.ts.

import { createRequire } from "node:module";
import { Signal } from "./messages.ts";

/** The request of `ioctl` for the number of bytes that can be read. */
const bytesToRead = process.platform === "darwin" ? 0x4004667f : 0x541b;

type Ioctl = (file: number, request: number, type: string, count: Int32Array) => number;

/** Returns a function that says the number of bytes written by now, wrapped to 32 bits; null without a pipe. */
export function pipePosition(signals: Int32Array<SharedArrayBuffer>): () => number | null {
  const count = new Int32Array(1);
  let ioctl: Ioctl | null = null;
  return () => {
    const pipe = Atomics.load(signals, Signal.pipe);
    if (pipe === 0) return null;
    ioctl ??= loadIoctl();
    for (;;) {
      const taken = Atomics.load(signals, Signal.pipeTaken);
      if (Atomics.load(signals, Signal.pipeBeingRead) !== 0) continue;
      ioctl(pipe, bytesToRead, "int *", count);
      // Unless some of it has been taken just now.
      if (
        Atomics.load(signals, Signal.pipeBeingRead) === 0 &&
        Atomics.load(signals, Signal.pipeTaken) === taken
      )
        return (taken + count[0]!) | 0;
    }
  };
}

function loadIoctl(): Ioctl {
  const koffi = createRequire(import.meta.url)("koffi") as typeof import("koffi");
  const libc = koffi.load(process.platform === "darwin" ? "libSystem.dylib" : "libc.so.6");
  return libc.func("int ioctl(int file, unsigned long request, ...)") as Ioctl;
}
