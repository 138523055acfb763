/** nnlab as a contender, in the build that its argument tells. */
import { basename } from "node:path";
import { createWasmBackend, type WasmBackendOptions } from "../../../engine/backend/wasm.ts";
import { setBackend } from "../../../engine/index.ts";
import type { Task } from "../protocol.ts";
import { type Prepared, serve } from "../serve.ts";
import { prepareLoading } from "./loading.ts";
import { prepareMlp, prepareNetwork } from "./networks.ts";
import { prepareOperation } from "./operations.ts";
import { profile } from "./profile.ts";
import { programs } from "./programs.ts";

const options = JSON.parse(process.argv[2]!) as WasmBackendOptions;
const backend = createWasmBackend(options);
setBackend(backend);

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

await serve({ describe, prepare, profile: (steps, step) => profile(backend, steps, step) });
