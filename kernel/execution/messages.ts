// What the main thread and the protocol thread tell each other, and the memory that they share.
// Both sides import this file; it imports neither.

import type { MessagePort } from "node:worker_threads";

/** An exception as Jupyter reports it. */
export interface Failure {
  ename: string;
  evalue: string;
  traceback: string[];
}

/** A cell on its way to the main thread. `cell` identifies the execution for as long as the kernel lives. */
export interface ExecuteOrder {
  type: "execute";
  cell: number;
  /** What tracebacks call it: `cell 3`. */
  name: string;
  executionCount: number;
  code: string;
  javascript: string;
  sourceMap: string;
  userExpressions: Record<string, string>;
  allowStdin: boolean;
}

export interface CommEvent {
  type: "comm";
  cell: number;
  event: "comm_open" | "comm_msg" | "comm_close";
  id: string;
  target: string;
  data: unknown;
  metadata: Record<string, unknown>;
  buffers: Uint8Array[];
}

export type ToMain =
  | ExecuteOrder
  | CommEvent
  /** An interrupt: what the cell awaits throws. */
  | { type: "interrupt"; cell: number }
  /** The event loop answers with a `pong`, so it is not stuck in a loop. */
  | { type: "ping"; number: number }
  /** Give the cell up: it must not print, and its timers must not run, any more. */
  | { type: "abandon"; cell: number }
  | { type: "exit" };

export type Outcome =
  | { status: "ok"; expressions: Record<string, unknown>; text: string | null }
  | ({ status: "error" /** Whether the error has been shown already. */; shown: boolean } & Failure);

/** How much had been written to descriptor 1 before; null where it is not captured. */
export type PipePosition = number | null;

export type FromMain =
  | { type: "ready" /** Why the engine could not be loaded. */; problem: string | null }
  | { type: "stream"; cell: number; name: "stdout" | "stderr"; text: string; after: PipePosition }
  /** A message for IOPub whose content is JSON already. */
  | { type: "publish"; cell: number; message: PublishedMessage; content: string; after: PipePosition }
  | CommEvent
  | { type: "input"; cell: number; prompt: string; password: boolean }
  | { type: "pong"; number: number }
  | { type: "done"; cell: number; outcome: Outcome };

export type PublishedMessage =
  | "display_data"
  | "update_display_data"
  | "clear_output"
  | "execute_result"
  | "error";

/** What the protocol thread is started with. */
export interface ProtocolOptions {
  connectionFile: string;
  signals: SharedArrayBuffer;
  main: MessagePort;
  input: MessagePort;
  /** The preloaded module without extension, for the language service. */
  preload: string;
  directory: string;
  /** Bytes that V8 gives the main thread's objects before it ends the process. */
  heapLimit: number;
}

/** Slots of the shared memory. The engine watches the first one, so it must stay the first. */
export const Signal = {
  /** Not 0: the running cell shall stop. */
  interrupt: 0,
  /** 0 while `prompt()` waits, then `Input.ready` or `Input.interrupted`. */
  input: 1,
  /** What has been printed and shown and is not handed on yet; see `backlogCost`. */
  backlog: 2,
  /** The descriptor from which what is written to descriptor 1 can be read; 0 where there is none. */
  pipe: 3,
  /** Bytes that the protocol thread has read from there, wrapped to 32 bits. */
  pipeTaken: 4,
  /** 1 while it reads. */
  pipeBeingRead: 5,
} as const;

/** Values of the first slot. The engine knows them too. */
export const StopFlag = {
  none: 0,
  /** Whoever throws sets it back, so that `finally` blocks may compute. */
  once: 1,
  /** The cell has had its chance: everything throws, until it is over. */
  always: 2,
} as const;

export const Input = { waiting: 0, ready: 1, interrupted: 2 } as const;

/** A message in characters: short ones are work too. */
export function backlogCost(text: string): number {
  return text.length + 200;
}

export function createSignals(): Int32Array<SharedArrayBuffer> {
  return new Int32Array(new SharedArrayBuffer(Object.keys(Signal).length * Int32Array.BYTES_PER_ELEMENT));
}

/** The name every interrupt is reported under. */
export const interruptName = "KeyboardInterrupt";

export function interruptFailure(traceback?: string[]): Failure {
  const evalue = "the cell was interrupted";
  return { ename: interruptName, evalue, traceback: traceback ?? [`${interruptName}: ${evalue}`] };
}
