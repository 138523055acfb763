/** Interrupts at random moments of random kinds of code; whatever they meet, the kernel stays whole. */
import { expect } from "vitest";
import type { Message } from "../../kernel/protocol/wire.ts";
import { resultText, type TestKernel } from "./client.ts";

/** Nobody waits that long: a kernel that hangs is found, a machine that is busy is not. */
const hangs = 60_000;

const prepare = [
  "let kept = 42; import { setTimeout as sleep } from 'node:timers/promises'; import { execSync } from 'node:child_process'",
  "seed(1); const model = nn.sequential(nn.linear(2, 8), nn.relu(), nn.linear(8, 3)); const set = data.spirals({ samples: 256 })",
  // All begin at 0 and have the gradient 1: after any number of whole steps all are equal.
  "const many = Array.from({ length: 500 }, () => nn.parameter(zeros([3]))); for (const p of many) p.grad = ones([3]);",
  "const all = optim.sgd(many, { lr: 1 }); all.step();",
].join("\n");

/** Some end by themselves, so that the interrupt may come after them. */
const kinds = [
  "while (true);",
  "await 1; while (true);",
  "await new Promise(() => {});",
  "for (;;) await sleep(2);",
  "for (let i = 0; i < 20; i++) { await sleep(1); for (let j = 0; j < 1e6; j++); }",
  "setTimeout(() => { while (true); }, 5); await new Promise(() => {});",
  "const spin = (): unknown => Promise.resolve().then(spin); await spin();",
  "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60_000);",
  "/(a+)+$/.test('a'.repeat(40) + 'b');",
  "for (;;) { try { while (true); } catch {} finally {} }",
  "for (;;) { try { await sleep(2); } catch {} }",
  "for (;;) console.log('go '.repeat(50));",
  "for (let i = 0; i < 200; i++) display('go '.repeat(100));",
  "const big = randn([500, 500]); for (;;) big.matmul(big);",
  "noGrad(() => { for (;;) ones([50, 50]).sum(); });",
  "for (;;) all.step();",
  "for (;;) { try { for (;;) all.step(); } catch {} }",
  "await fit(model, set.loader({ batchSize: 8 }), { epochs: 1e6, silent: true, optimizer: optim.adam(model.parameters()) });",
  "execSync('sleep 60');",
  "kept",
];

const intact = [
  "const gradient = ones([2], { requiresGrad: true }); gradient.sum().backward();",
  "const values = [...new Set(many.flatMap((p) => p.detach().toArray() as number[]))];",
  "[kept, typeof fit, set.size, String(gradient.grad!.toArray()), values.length === 1 && -values[0]! === all.stepCount,",
  "  model(ones([4, 2])).shape.join()].join(' ')",
].join("\n");

export interface Interruption {
  code: string;
  /** Milliseconds from the interrupt to reply and idle. */
  took: number;
}

/** `random` gives numbers from 0 up to 1. Fails where anything is not as it was, and says after what. */
export async function interruptions(
  kernel: TestKernel,
  count: number,
  random: () => number,
): Promise<Interruption[]> {
  const prepared = await kernel.execute(prepare, {}, hangs);
  expect(prepared.reply.content).toMatchObject({ status: "ok" });
  const all: Interruption[] = [];
  for (let round = 0; round < count; round++) {
    const code = kinds[Math.floor(random() * kinds.length)]!;
    const delay = Math.round(random() ** 2 * 400);
    const way = random() < 0.5 ? "interrupt_request" : "SIGINT";
    const after = `round ${round}, ${way} ${delay} ms after the start of: ${code}`;
    const id = await kernel.submit(code);
    // Before it has begun there is nothing to interrupt.
    const hasBegun = ({ parentHeader, header }: Message): boolean =>
      parentHeader.msg_id === id && header.msg_type === "execute_input";
    await kernel.iopub.find("execute_input", hasBegun, hangs);
    await new Promise((resolve) => setTimeout(resolve, delay));
    const begin = performance.now();
    if (way === "SIGINT") kernel.process.kill("SIGINT");
    else await kernel.send("control", "interrupt_request", {});
    const ran = await kernel.finish("shell", id, hangs).catch((error) => {
      throw new Error(`${after}: ${error}`);
    });
    all.push({ code, took: performance.now() - begin });
    expect(["ok", "KeyboardInterrupt", "Error"], after).toContain(ran.reply.content.ename ?? "ok");
    expect(ran.published.at(-1)?.content.execution_state, after).toBe("idle");
    await arrived(kernel);
    const whole = await kernel.execute(intact, {}, hangs);
    expect(resultText(whole), `${after}: ${JSON.stringify(whole.reply.content)}`).toBe(
      "'42 function 256 1,1 true 4,3'",
    );
    // What a client keeps must not slow it down.
    kernel.iopub.all.length = 0;
  }
  return all;
}

/** Returns when a signal that no cell has answered has had its effect: it may be slower than the next cell. */
export async function arrived(kernel: TestKernel): Promise<void> {
  // Signals meet the main thread before it runs this, which they may or may not stop; then the protocol thread.
  await kernel.execute("0", { stop_on_error: false }, hangs);
  for (let turn = 0; turn < 2; turn++) await kernel.request("control", "kernel_info_request", {}, hangs);
}
