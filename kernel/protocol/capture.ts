// What native code and child processes write to the kernel's standard output, past Node: file descriptor 1 becomes a
// pipe that ends here. Descriptor 2 stays what it was: V8's last words and other libraries' warnings belong into the
// terminal in which Jupyter runs, and any stderr in a cell would cost a student the marks.

import { closeSync, readSync } from "node:fs";
import { createRequire } from "node:module";
import { Socket } from "node:net";
import { StringDecoder } from "node:string_decoder";

export interface Capture {
  /** Takes what has been written up to now. */
  drain(): void;
}

/** Calls `written` with what arrives at descriptor 1; where that cannot be arranged, nothing changes. */
export function captureStandardOutput(written: (text: string) => void): Capture {
  if (process.platform === "win32") return { drain: () => undefined };
  const readEnd = redirect();
  if (readEnd === null) return { drain: () => undefined };
  const decoder = new StringDecoder("utf8");
  // Opening it as a socket also makes the descriptor non-blocking, so that `drain` can read what is there and no more.
  const socket = new Socket({ fd: readEnd, readable: true, writable: false });
  socket.on("data", (bytes: Buffer) => written(decoder.write(bytes)));
  socket.on("error", () => undefined);
  socket.unref();
  const bytes = Buffer.alloc(65_536);
  return {
    drain() {
      try {
        for (;;) {
          const length = readSync(readEnd, bytes);
          if (length === 0) return;
          written(decoder.write(bytes.subarray(0, length)));
        }
      } catch {
        // EAGAIN: the pipe is empty.
      }
    },
  };
}

/** Makes descriptor 1 the write end of a new pipe, and returns the read end. */
function redirect(): number | null {
  try {
    const koffi = createRequire(import.meta.url)("koffi") as typeof import("koffi");
    const libc = koffi.load(process.platform === "darwin" ? "libSystem.dylib" : "libc.so.6");
    const pipe = libc.func("int pipe(_Out_ int *ends)") as (ends: number[]) => number;
    const dup2 = libc.func("int dup2(int from, int to)") as (from: number, to: number) => number;
    const fcntl = libc.func("int fcntl(int fd, int command, ...)") as (
      fd: number,
      command: number,
      type: "int",
      argument: number,
    ) => number;
    const ends = [0, 0];
    if (pipe(ends) !== 0) return null;
    const [readEnd = 0, writeEnd = 0] = ends;
    // A child that inherits the write end under another number would keep the pipe open.
    const [setDescriptorFlags, closeOnExec] = [2, 1];
    for (const end of ends) fcntl(end, setDescriptorFlags, "int", closeOnExec);
    const redirected = dup2(writeEnd, 1) === 1;
    closeSync(writeEnd);
    if (redirected) return readEnd;
    closeSync(readEnd);
    return null;
  } catch {
    return null;
  }
}
