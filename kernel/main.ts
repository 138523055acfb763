// The kernel process: `node kernel/main.js CONNECTION_FILE`. This thread runs the user's code and the engine, nothing
// else. The protocol thread is started first, so that the kernel answers while everything else is still loading.

import { writeSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { getHeapStatistics, setFlagsFromString } from "node:v8";
import { MessageChannel, Worker } from "node:worker_threads";
import { keepCompiledCode } from "./compile-cache.ts";
import { createSignals, type FromMain, type ProtocolOptions, type ToMain } from "./execution/messages.ts";

const [connectionFile] = process.argv.slice(2);
if (connectionFile === undefined) {
  writeSync(2, "usage: node kernel/main.js CONNECTION_FILE (Jupyter does this; see `npx nnlab install`)\n");
  process.exit(2);
}
keepCompiledCode();
// V8's ten frames may all be the engine's own, and the cell that called it is what matters.
Error.stackTraceLimit = 50;

// This pass takes the check for interrupts out of loops that call built-in functions only, and nothing would stop them.
setFlagsFromString("--no-turboshaft-loop-unrolling");

const extension = import.meta.url.endsWith(".ts") ? ".ts" : ".js";
const signals = createSignals();
const protocol = new MessageChannel();
const input = new MessageChannel();
const options: ProtocolOptions = {
  connectionFile,
  signals: signals.buffer,
  main: protocol.port1,
  input: input.port1,
  preload: fileURLToPath(new URL("./preload/names", import.meta.url)),
  directory: process.cwd(),
  heapLimit: getHeapStatistics().heap_size_limit,
};
const worker = new Worker(new URL(`./protocol/worker${extension}`, import.meta.url), {
  name: "protocol",
  workerData: options,
  transferList: [protocol.port1, input.port1],
  // What our own threads print is for the terminal in which Jupyter runs, never for the notebook.
  stdout: true,
  stderr: true,
  // The only way for a Worker to hear of SIGINT while this thread is busy; see protocol/sigint.ts.
  execArgv: [...nodesOwn(process.execArgv), "--expose-internals", "--no-warnings"],
  trackUnmanagedFds: false,
});
for (const stream of [worker.stdout, worker.stderr]) stream.on("data", log);

/** Without what is V8's, which holds for all threads: else the young generation of each grows to 48 MB. Workers refuse such flags. */
function nodesOwn(flags: readonly string[]): string[] {
  return flags.filter((flag) => !flag.startsWith("--max-semi-space-size"));
}

function log(text: string | Uint8Array): void {
  writeSync(2, typeof text === "string" ? Buffer.from(text) : text);
}

const { guardProcess } = await import("./execution/guard.ts");
const exit = guardProcess();
worker.on("error", (error) => {
  log(`nnlab: ${error instanceof Error ? error.message : error}\n`);
  exit(1);
});
worker.on("exit", () => exit(1));
// Until the protocol thread says that it hears SIGINT by itself, it is passed on from here.
const passOn = (): void => worker.postMessage("SIGINT");
process.on("SIGINT", passOn);
worker.once("message", () => process.off("SIGINT", passOn));

const port = protocol.port2;
const { redirectOutput } = await import("./execution/output.ts");
const { Backlog } = await import("./execution/backlog.ts");
const backlog = new Backlog(signals);
redirectOutput(port, backlog);
const { provideInterruptFlag } = await import("./execution/interrupt.ts");
provideInterruptFlag(signals);
const { installTimers } = await import("./execution/timers.ts");
installTimers();
const { connectInput } = await import("./execution/input.ts");
connectInput(port, input.port2, signals);
const { installCellTools } = await import("./execution/awaits.ts");
installCellTools();
const { Executor } = await import("./execution/executor.ts");
const executor = new Executor(port, backlog, exit);

const problem = await preload();
const { createImporter, installImporter } = await import("./execution/modules.ts");
installImporter(createImporter({ directory: options.directory }));
const { installHelpers } = await import("./execution/helpers.ts");
const { publisher } = await import("./display.ts");
installHelpers({ directory: options.directory, display: publisher.display });
const ready: FromMain = { type: "ready", problem };
port.on("message", (message: ToMain) => executor.receive(message));
port.postMessage(ready);

/** Makes the engine's and the views' names global, so that a cell may shadow any of them; or says what is wrong. */
async function preload(): Promise<string | null> {
  try {
    const names: Record<string, unknown> = await import("./preload/names.ts");
    for (const [name, value] of Object.entries(names))
      Object.defineProperty(globalThis, name, { value, writable: true, configurable: true });
    return null;
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
}
