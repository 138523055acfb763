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
  /** The event loop answers with a `pong`, so it is not stuck in a loop. */
  | { type: "ping"; number: number }
  /** Give the cell up: it must not print, and its timers must not run, any more. */
  | { type: "abandon"; cell: number }
  | { type: "exit" };

export type Outcome =
  | { status: "ok"; expressions: Record<string, unknown>; text: string | null }
  | ({ status: "error" /** Whether the error has been shown already. */; shown: boolean } & Failure);

export type FromMain =
  | { type: "ready" /** Why the engine could not be loaded. */; problem: string | null }
  | { type: "stream"; cell: number; name: "stdout" | "stderr"; text: string }
  /** A message for IOPub whose content is JSON already. */
  | { type: "publish"; cell: number; message: PublishedMessage; content: string }
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
}

/** Slots of the shared memory. The engine watches the first one, so it must stay the first. */
export const Signal = {
  /** Not 0: the running cell shall stop. */
  interrupt: 0,
  /** 0 while `prompt()` waits, then `Input.ready` or `Input.interrupted`. */
  input: 1,
  /** Printed characters that the protocol thread has not taken yet. */
  backlog: 2,
} as const;

export const Input = { waiting: 0, ready: 1, interrupted: 2 } as const;

export function createSignals(): Int32Array<SharedArrayBuffer> {
  return new Int32Array(new SharedArrayBuffer(Object.keys(Signal).length * Int32Array.BYTES_PER_ELEMENT));
}

/** The name every interrupt is reported under. */
export const interruptName = "KeyboardInterrupt";

export function interruptFailure(traceback?: string[]): Failure {
  const evalue = "the cell was interrupted";
  return { ename: interruptName, evalue, traceback: traceback ?? [`${interruptName}: ${evalue}`] };
}
