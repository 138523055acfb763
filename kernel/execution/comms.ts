// Comms: channels between an object in the kernel and one in the front end, on which widgets can be built.

import { randomUUID } from "node:crypto";
import type { MessagePort } from "node:worker_threads";
import { currentCell } from "./cell.ts";
import type { CommEvent } from "./messages.ts";

export interface CommMessage {
  data: unknown;
  metadata: Record<string, unknown>;
  buffers: readonly Uint8Array[];
}

type Listener = (message: CommMessage) => void;

let send: ((event: CommEvent) => void) | null = null;
const open = new Map<string, Comm>();
const targets = new Map<string, (comm: Comm, message: CommMessage) => void>();

/** One open channel. */
export class Comm {
  readonly id: string;
  readonly target: string;
  /** Called for each message of the front end. */
  onMessage: Listener = () => undefined;
  /** Called once, when the front end closes the channel. */
  onClose: Listener = () => undefined;

  /** @internal Use `openComm`, or `registerTarget` for channels that the front end opens. */
  constructor(id: string, target: string) {
    this.id = id;
    this.target = target;
    open.set(id, this);
  }

  send(data: unknown, options: Partial<Omit<CommMessage, "data">> = {}): void {
    if (!open.has(this.id)) throw new Error(`comm ${this.target}: it is closed`);
    emit("comm_msg", this, data, options);
  }

  close(data: unknown = {}): void {
    if (open.delete(this.id)) emit("comm_close", this, data, {});
  }
}

function emit(
  event: CommEvent["event"],
  comm: Comm,
  data: unknown,
  options: Partial<Omit<CommMessage, "data">>,
): void {
  send?.({
    type: "comm",
    cell: currentCell().id,
    event,
    id: comm.id,
    target: comm.target,
    data,
    metadata: options.metadata ?? {},
    buffers: [...(options.buffers ?? [])],
  });
}

/** Opens a channel to what the front end has registered as `target`. */
export function openComm(
  target: string,
  data: unknown = {},
  options: Partial<Omit<CommMessage, "data">> = {},
): Comm {
  const comm = new Comm(randomUUID(), target);
  emit("comm_open", comm, data, options);
  return comm;
}

/** From now on, `opened` receives each channel that the front end opens to `target`. */
export function registerTarget(target: string, opened: (comm: Comm, message: CommMessage) => void): void {
  targets.set(target, opened);
}

/** Connects this module to the protocol thread. */
export function connectComms(port: MessagePort): void {
  send = (event) => port.postMessage(event);
}

/** Handles what the front end sends; errors of listeners are the caller's to report. */
export function receiveComm({ event, id, target, data, metadata, buffers }: CommEvent): void {
  const message: CommMessage = { data, metadata, buffers };
  if (event === "comm_open") {
    const comm = new Comm(id, target);
    const opened = targets.get(target);
    // The specification asks for a close where nobody knows the target.
    if (opened) opened(comm, message);
    else comm.close();
    return;
  }
  const comm = open.get(id);
  if (!comm) return;
  if (event === "comm_msg") comm.onMessage(message);
  else {
    open.delete(id);
    comm.onClose(message);
  }
}
