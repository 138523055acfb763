/** nnlab as a contender: reads what to do from its standard input, a line of JSON at a time, and answers likewise. */
import { basename } from "node:path";
import { createInterface } from "node:readline";
import { createWasmBackend, type WasmBackendOptions } from "../../../engine/backend/wasm.ts";
import { setBackend } from "../../../engine/index.ts";
import type { Answer, Order, Task } from "../protocol.ts";
import { prepareLoading } from "./loading.ts";
import { type Prepared, prepareMlp, prepareNetwork } from "./networks.ts";
import { prepareOperation } from "./operations.ts";
import { programs } from "./programs.ts";

const options = JSON.parse(process.argv[2]!) as WasmBackendOptions;
const backend = createWasmBackend(options);
setBackend(backend);

let step = (): void => {};

function prepare(task: Task): Prepared {
  switch (task.kind) {
    case "network":
      return programs[task.network]?.(task.batch) ?? prepareNetwork(task);
    case "mlp":
      return prepareMlp(task);
    case "loading":
      return prepareLoading(task);
    case "operation":
      return prepareOperation(task);
  }
}

function describe(): string {
  const { simd, threads, blas } = backend.describe();
  const where = blas === null ? "no BLAS" : basename(blas);
  return `${simd === "relaxed" ? "SIMD with FMA" : "SIMD"}, ${threads === 1 ? "one thread" : `${threads} threads`}, ${where}`;
}

function answer(order: Order): Answer {
  if (order.order === "describe") return { description: describe() };
  if (order.order === "prepare") {
    const prepared = prepare(order.task);
    step = prepared.step;
    return { result: prepared.result };
  }
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
