/** The processes that are compared: each is told what to run, a line of JSON at a time. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { WasmBackendOptions } from "../../engine/backend/wasm.ts";
import type { Answer, Order } from "./protocol.ts";

/** A process that is told what to run. */
export class Contender {
  readonly label: string;
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor({ label, command, env }: Recipe) {
    this.label = label;
    this.#child = spawn(command[0]!, command.slice(1), {
      env: { ...process.env, ...env },
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.#lines = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]();
  }

  async tell(order: Order): Promise<Answer> {
    this.#child.stdin!.write(`${JSON.stringify(order)}\n`);
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`${this.label} ended while it was told to ${JSON.stringify(order)}`);
    return JSON.parse(value) as Answer;
  }

  get pid(): number {
    return this.#child.pid!;
  }

  stop(): void {
    this.#child.kill();
  }
}

/** How a contender is started. */
export interface Recipe {
  readonly label: string;
  readonly command: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** What prints how long it takes to start. */
  readonly starter?: readonly string[];
}

const here = import.meta.dirname;

/** All contenders, by the names that the tables have for them; PyTorch where `python` has it. */
export function recipes(threads: number, python: string): Recipe[] {
  const node = (...path: string[]) => [process.execPath, join(here, "nnlab", ...path)];
  const nnlab = (label: string, options: WasmBackendOptions): Recipe => ({
    label,
    command: [...node("contender.ts"), JSON.stringify({ threads, ...options })],
    env: { NNLAB_THREADS: String(threads), ...(options.blas === false ? { NNLAB_BLAS: "none" } : {}) },
    starter: node("start.ts"),
  });
  const all = [
    nnlab("BLAS", {}),
    nnlab("WASM", { blas: false }),
    nnlab("WASM without FMA", { blas: false, simd: "simd128" }),
  ];
  if (threads > 1)
    all.push(
      nnlab("BLAS on one thread", { threads: 1 }),
      nnlab("WASM on one thread", { blas: false, threads: 1 }),
    );
  const pytorch = (label: string, count: number): Recipe => ({
    label,
    command: [python, "-B", join(here, "pytorch", "contender.py"), String(count)],
    starter: [python, "-B", join(here, "pytorch", "start.py"), String(count)],
    env: { OMP_NUM_THREADS: String(count) },
  });
  if (spawnSync(python, ["-c", "import torch"], { stdio: "ignore" }).status === 0) {
    all.push(pytorch("PyTorch", threads));
    if (threads > 1) all.push(pytorch("PyTorch on one thread", 1));
  }
  return all;
}
