// The protocol thread's work: sockets, language service and main thread meet here. It answers while a cell computes.

import { writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { parentPort } from "node:worker_threads";
import type { ProtocolOptions } from "../execution/messages.ts";
import type { Language } from "../language/language.ts";
import { alarm } from "./alarm.ts";
import { captureStandardOutput } from "./capture.ts";
import { exposures, readConnection } from "./connection.ts";
import { Dropped } from "./dropped.ts";
import { Interrupter } from "./interrupter.ts";
import { Kernel } from "./kernel.ts";
import { Lifetime } from "./lifetime.ts";
import { MemoryWatch } from "./memory.ts";
import { endChildren, watchParent } from "./processes.ts";
import { onSigint } from "./sigint.ts";
import { openSockets } from "./sockets.ts";
import { decode, Encoder, Signer, WireError } from "./wire.ts";

/** After this long, a main thread that does not end the process by itself is ended with it. */
const exitMilliseconds = 1000;

/** ZeroMQ tries to connect again after 100 to 200 ms. */
const reconnectMilliseconds = 300;

/** Opens the sockets and answers on them. */
export async function serve(options: ProtocolOptions, language: Language): Promise<void> {
  const signals = new Int32Array(options.signals);
  const connection = readConnection(options.connectionFile);
  const signer = new Signer(connection.key, connection.digest);

  /** For the terminal in which Jupyter runs. */
  function log(message: string): void {
    writeSync(2, `nnlab: ${message}\n`);
  }

  const dropped = new Dropped(log);
  for (const exposure of exposures(options.connectionFile, connection)) log(exposure);

  function kill(): void {
    endChildren();
    process.kill(process.pid, "SIGKILL");
  }

  const sockets = await openSockets(connection, {
    received(channel, frames) {
      try {
        kernel.received(channel, decode(frames, signer));
      } catch (error) {
        if (!(error instanceof WireError)) throw error;
        dropped.count(channel, error.message);
      }
    },
    subscribed: (topic) => kernel.welcome(topic),
    deafness: { began: (seconds) => kernel.deaf(seconds), ended: (missed) => kernel.heard(missed) },
    log,
  });

  const interrupter = new Interrupter(signals);
  const lifetime = new Lifetime(options.connectionFile);
  const memory = new MemoryWatch({
    heapLimit: options.heapLimit,
    full: (reason) => kernel.outOfMemory(reason),
    grown: (bytes) => lifetime.holds(bytes),
  });
  const kernel = new Kernel({
    wires: {
      send: sockets.send,
      publish: sockets.publish,
      whenRoomy: sockets.whenRoomy,
      log,
      exit() {
        setTimeout(kill, exitMilliseconds);
        alarm();
        endChildren();
        interrupter.disconnect();
        memory.disconnect();
        void sockets.close().then(() => options.main.postMessage({ type: "exit" }));
      },
    },
    encoder: new Encoder(signer),
    interrupter,
    signals,
    main: options.main,
    input: options.input,
    connection,
    language,
    lifetime,
    memory,
  });

  process.on("uncaughtException", (error) => log(`protocol: ${error.stack ?? error}`));
  process.on("unhandledRejection", (reason) => log(`protocol: ${reason}`));
  if (onSigint(() => void kernel.interrupt())) parentPort?.postMessage("hears SIGINT");
  parentPort?.on("message", () => void kernel.interrupt());
  watchParent(kill);
  kernel.capture = captureStandardOutput(signals, {
    written: (text) => kernel.printed(text),
    catchUp: () => kernel.catchUp(),
  });
  interrupter.connect();
  // After a crash each socket of a client finds this kernel in its own time, and what is published before the one that
  // listens has found it is lost: a front end would not learn that the kernel is idle.
  if (lifetime.lost !== null) await sleep(reconnectMilliseconds);
  // Not before: a client that is already there would be answered by a kernel that is not.
  sockets.listen();
}
