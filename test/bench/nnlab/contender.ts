/** nnlab as a contender: reads what to do from its standard input, a line of JSON at a time, and answers likewise. */
import { basename } from "node:path";
import { createInterface } from "node:readline";
import { createWasmBackend, type WasmBackendOptions } from "../../../engine/backend/wasm.ts";
import { setBackend } from "../../../engine/index.ts";
import type { Answer, Order } from "../protocol.ts";
import { checksum } from "../protocol.ts";
import { prepareNetwork } from "./networks.ts";
import { operations } from "./operations.ts";

const options = JSON.parse(process.argv[2]!) as WasmBackendOptions;
const backend = createWasmBackend(options);
setBackend(backend);

let step: () => void = () => {};

/** Prepares a task and takes its first step; the result is compared with the other contenders'. */
function prepare({ task }: Extract<Order, { order: "prepare" }>): number {
  if (task.kind === "network") {
    const run = prepareNetwork(task);
    step = run;
    return run();
  }
  const run = operations[task.operation]!(...task.sizes);
  step = () => run().dispose();
  const first = run();
  const result = checksum(first.storage.values());
  first.dispose();
  return result;
}

function describe(): string {
  const { simd, threads, blas } = backend.describe();
  const where = blas === null ? "no BLAS" : basename(blas);
  return `${simd === "relaxed" ? "SIMD with FMA" : "SIMD"}, ${threads === 1 ? "one thread" : `${threads} threads`}, ${where}`;
}

function answer(order: Order): Answer {
  if (order.order === "describe") return { description: describe() };
  if (order.order === "prepare") return { result: prepare(order) };
  const used = process.cpuUsage();
  const start = performance.now();
  for (let i = 0; i < order.steps; i++) step();
  const milliseconds = (performance.now() - start) / order.steps;
  const { user, system } = process.cpuUsage(used);
  return { milliseconds, processorMilliseconds: (user + system) / 1000 / order.steps };
}

for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line) as Order;
  process.stdout.write(`${JSON.stringify(answer(order))}\n`);
}
