// What native code and child processes write to the kernel's standard output, past Node: file descriptor 1 becomes a
// pipe that ends here. Descriptor 2 stays what it was: V8's last words and other libraries' warnings belong into the
// terminal in which Jupyter runs, and any stderr in a cell would cost a student the marks.
//
// The order of that and of what the main thread sends by messages: the main thread asks the pipe how much has been written
// (execution/pipe.ts) and says so in each message; so much is read before the message is handled. Therefore nobody else may
// read the pipe, not even an event loop: it is looked at often while a cell runs, and seldom while none does.

import { closeSync, readSync } from "node:fs";
import { createRequire } from "node:module";
import { StringDecoder } from "node:string_decoder";
import { Signal } from "../execution/messages.ts";
import { pipePosition } from "../execution/pipe.ts";

/** How often the pipe is looked at, at least while a cell runs, and at least always. */
const runningMilliseconds = 20;
const idleMilliseconds = 500;
/** So much is taken at once; where there was that much there may be more. */
const chunkBytes = 65_536;

export interface Capture {
  /** Takes what has been written up to `position`, or up to now. */
  drain(position?: number): void;
  /** A cell begins: it may write. */
  wake(): void;
}

export interface CaptureEvents {
  written(text: string): void;
  /** Handles the messages that the main thread has sent by now. */
  catchUp(): void;
}

const nothing: Capture = { drain: () => undefined, wake: () => undefined };

/** Tells what arrives at descriptor 1; where that cannot be arranged, nothing changes. */
export function captureStandardOutput(
  signals: Int32Array<SharedArrayBuffer>,
  events: CaptureEvents,
): Capture {
  if (process.platform === "win32") return nothing;
  const readEnd = redirect();
  if (readEnd === null) return nothing;
  const decoder = new StringDecoder("utf8");
  const bytes = Buffer.alloc(chunkBytes);
  const position = pipePosition(signals);
  let pause = idleMilliseconds;
  let timer = setTimeout(() => undefined, 0);

  /** Reads what there is, `most` bytes at most; how many there were. */
  function read(most: number): number {
    let length = 0;
    Atomics.store(signals, Signal.pipeBeingRead, 1);
    try {
      length = readSync(readEnd!, bytes, 0, Math.min(most, chunkBytes), null);
      Atomics.add(signals, Signal.pipeTaken, length);
    } catch (error) {
      // The pipe is empty.
      if (!(error instanceof Error && "code" in error && error.code === "EAGAIN")) throw error;
    } finally {
      Atomics.store(signals, Signal.pipeBeingRead, 0);
    }
    if (length > 0) events.written(decoder.write(bytes.subarray(0, length)));
    return length;
  }

  function look(): void {
    const before = Atomics.load(signals, Signal.pipeTaken);
    const now = position() ?? before;
    const found = (now - before) | 0;
    if (found > 0) {
      // What was sent before this was written.
      events.catchUp();
      drain(now);
    }
    pause = found > 0 ? runningMilliseconds : Math.min(2 * pause, idleMilliseconds);
    plan(found >= chunkBytes ? 0 : pause);
  }
  /** Without a position, all there is. */
  function drain(upTo?: number): void {
    if (upTo === undefined) while (read(chunkBytes) > 0);
    // Counts wrap around at 2³².
    else
      for (let left = 1; left > 0; ) {
        left = (upTo - Atomics.load(signals, Signal.pipeTaken)) | 0;
        if (left > 0) read(left);
      }
  }
  function plan(milliseconds: number): void {
    clearTimeout(timer);
    timer = setTimeout(look, milliseconds);
    timer.unref();
  }

  plan(pause);
  Atomics.store(signals, Signal.pipe, readEnd);
  return {
    drain,
    wake() {
      pause = runningMilliseconds;
      plan(pause);
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
    const [setDescriptorFlags, closeOnExec, setStatusFlags] = [2, 1, 4];
    for (const end of ends) fcntl(end, setDescriptorFlags, "int", closeOnExec);
    const nonBlocking = process.platform === "darwin" ? 4 : 0o4000;
    fcntl(readEnd, setStatusFlags, "int", nonBlocking);
    const redirected = dup2(writeEnd, 1) === 1;
    closeSync(writeEnd);
    if (redirected) return readEnd;
    closeSync(readEnd);
    return null;
  } catch {
    return null;
  }
}
