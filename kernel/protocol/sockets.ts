// The five ZeroMQ sockets. Sends are awaited one after the other: a second send on a socket that is still sending
// throws EBUSY and its message is lost.

import { Router, XPublisher } from "zeromq";
import { address, type Connection } from "./connection.ts";
import { BoundedPublisher, bytesOf, type Deafness, unreadMessages } from "./iopub.ts";

type Frames = readonly Uint8Array[];

/** What may wait here before whoever shows things has to wait: less than the main thread's own backlog. */
const roomyBytes = 1_000_000;

/** One socket's outgoing messages, in the order in which they were given. */
export class Outbox {
  readonly #send: (frames: Uint8Array[]) => Promise<void>;
  readonly #failed: (error: unknown) => void;
  #waiting: Frames[] = [];
  #sending: Promise<void> | null = null;
  #bytes = 0;
  #forRoom: (() => void)[] = [];

  constructor(send: (frames: Uint8Array[]) => Promise<void>, failed: (error: unknown) => void) {
    this.#send = send;
    this.#failed = failed;
  }

  push(frames: Frames): void {
    this.#waiting.push(frames);
    this.#bytes += bytesOf(frames);
    this.#sending ??= this.#drain();
  }

  /** Calls back when not much waits; perhaps at once. */
  whenRoomy(callback: () => void): void {
    if (this.#bytes < roomyBytes) callback();
    else this.#forRoom.push(callback);
  }

  /** Settles when all that was pushed has been handed to ZeroMQ. */
  async drained(): Promise<void> {
    await this.#sending;
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      for (const frames of batch) {
        try {
          await this.#send([...frames]);
        } catch (error) {
          this.#failed(error);
        }
        this.#bytes -= bytesOf(frames);
        if (this.#forRoom.length > 0 && this.#bytes < roomyBytes)
          for (const callback of this.#forRoom.splice(0)) callback();
      }
    }
    this.#sending = null;
  }
}

export type ChannelName = "shell" | "control" | "stdin";

export interface Sockets {
  /** Begins to hand messages on; what came before waits. */
  listen(): void;
  send(channel: ChannelName, frames: Frames): void;
  publish(frames: Frames): void;
  /** Calls back when not much waits to be published; perhaps at once. */
  whenRoomy(callback: () => void): void;
  /** Settles when everything sent so far is with ZeroMQ. */
  close(): Promise<void>;
}

export interface SocketEvents {
  received(channel: ChannelName, frames: Uint8Array[]): void;
  /** A front end subscribed to `topic`. */
  subscribed(topic: string): void;
  /** Of front ends that did not read for so long that they are not waited for any more. */
  deafness: Deafness;
  log(message: string): void;
}

/** How long a closed socket goes on delivering. */
const lingerMilliseconds = 1000;
/** How long a front end that does not read may hold up the end. */
const hurriedMilliseconds = 200;

/** A longer frame ends its sender's connection before it is received; whole data sets fit. */
const largestFrame = 1 << 30;

/** What a heartbeat brings is sent back as it is, unsigned. */
const largestHeartbeat = 65_536;

/** Binds all sockets of `connection`, and only there. */
export async function openSockets(connection: Connection, events: SocketEvents): Promise<Sockets> {
  const unlimited = {
    sendHighWaterMark: 0,
    receiveHighWaterMark: 0,
    linger: lingerMilliseconds,
    maxMessageSize: largestFrame,
  };
  const routers = {
    shell: new Router(unlimited),
    control: new Router(unlimited),
    stdin: new Router(unlimited),
  };
  const heartbeat = new Router({ linger: 0, maxMessageSize: largestHeartbeat });
  const iopub = new XPublisher({
    sendHighWaterMark: unreadMessages,
    linger: lingerMilliseconds,
    maxMessageSize: largestFrame,
  });
  const publisher = new BoundedPublisher(iopub, events.deafness);
  iopub.verbosity = "allSubs";

  await Promise.all([
    routers.shell.bind(address(connection, "shell_port")),
    routers.control.bind(address(connection, "control_port")),
    routers.stdin.bind(address(connection, "stdin_port")),
    iopub.bind(address(connection, "iopub_port")),
    heartbeat.bind(address(connection, "hb_port")),
  ]);

  const failed = (error: unknown): void => events.log(`send: ${error}`);
  const outboxes = {
    shell: new Outbox((frames) => routers.shell.send(frames.map(buffered)), failed),
    control: new Outbox((frames) => routers.control.send(frames.map(buffered)), failed),
    stdin: new Outbox((frames) => routers.stdin.send(frames.map(buffered)), failed),
    iopub: new Outbox((frames) => publisher.send(frames.map(buffered)), failed),
    heartbeat: new Outbox((frames) => heartbeat.send(frames.map(buffered)), failed),
  };

  async function receive(
    socket: { receive(): Promise<Buffer[]>; closed: boolean },
    handle: (frames: Buffer[]) => void,
  ) {
    while (!socket.closed) {
      let frames: Buffer[];
      try {
        frames = await socket.receive();
      } catch (error) {
        if (!socket.closed) events.log(`receive: ${error}`);
        continue;
      }
      try {
        handle(frames);
      } catch (error) {
        events.log(`handling a message: ${error instanceof Error ? error.stack : error}`);
      }
    }
  }
  return {
    listen() {
      // The first byte of a subscription says whether it begins (1) or ends (0).
      void receive(iopub, ([frame]) => {
        if (frame?.[0] === 1) events.subscribed(frame.toString("utf8", 1));
      });
      void receive(heartbeat, (frames) => outboxes.heartbeat.push(frames));
      // A turn later: who subscribed and asked while the kernel started is welcomed before it is answered.
      setImmediate(() => {
        for (const channel of ["shell", "control", "stdin"] as const)
          void receive(routers[channel], (frames) => events.received(channel, frames));
      });
    },
    send: (channel, frames) => outboxes[channel].push(frames),
    publish: (frames) => outboxes.iopub.push(frames),
    whenRoomy: (callback) => outboxes.iopub.whenRoomy(callback),
    async close() {
      publisher.hurry(hurriedMilliseconds);
      await Promise.all(Object.values(outboxes).map((outbox) => outbox.drained()));
      for (const socket of [...Object.values(routers), heartbeat, iopub]) socket.close();
    },
  };
}

/** ZeroMQ sends a Buffer without copying what lies around it. */
function buffered(frame: Uint8Array): Buffer {
  return Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength);
}
