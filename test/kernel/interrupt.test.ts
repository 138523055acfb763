/**
 * Whatever a cell does, an interrupt ends it - asked for by a message or by SIGINT -, the traceback has the student's line,
 * variables, preloaded names and the engine are as they should be, and the next cells run.
 */
import { execFileSync } from "node:child_process";
import { closeSync, constants, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Message } from "../../kernel/protocol/wire.ts";
import { temporaryFolder } from "../support/jupyter.ts";
import { only, outputTypes, type Ran, resultText, streamText, TestKernel } from "./client.ts";
import { arrived, interruptions } from "./interruptions.ts";

let kernel: TestKernel;
const took: string[] = [];

beforeAll(async () => {
  kernel = await TestKernel.start();
  const preparation = [
    "let kept = 41; kept = 42; import { execSync } from 'node:child_process'",
    "import { setTimeout as sleep } from 'node:timers/promises'",
    "seed(1); const model = nn.sequential(nn.linear(2, 8), nn.relu(), nn.linear(8, 3))",
    "const set = data.spirals({ samples: 256 })",
  ];
  for (const code of preparation)
    expect((await kernel.execute(code, {}, 60_000)).reply.content).toMatchObject({ status: "ok" });
}, 120_000);
afterAll(async () => {
  console.log(`from the interrupt to idle, in ms:\n${took.join("\n")}`);
  await kernel.stop();
});

const byMessage = async () => void (await kernel.request("control", "interrupt_request"));
const bySignal = async () => void kernel.process.kill("SIGINT");
const ways: [string, () => Promise<void>][] = [
  ["interrupt_request", byMessage],
  ["SIGINT", bySignal],
];
/** Nobody waits that long: a kernel that hangs is found, a machine that is busy is not. */
const hangs = 20_000;

/** Runs `code`, interrupts it once it has printed "go", and returns what came of it. */
async function interrupted(code: string, interrupt: () => Promise<unknown>, options = {}): Promise<Ran> {
  const id = await kernel.submit(code, options);
  await kernel.output(id, "go");
  await interrupt();
  return kernel.finish("shell", id, hangs);
}

/** All that a cell can rely on after an interrupt. */
const intact =
  "[kept, typeof nn.linear, typeof fit, typeof show.images, ones([2, 2]).sum().item(), set.size].join()";

async function expectAlive(): Promise<void> {
  const ran = await kernel.execute(intact, {}, hangs);
  expect(resultText(ran), JSON.stringify(ran.reply.content)).toBe("'42,function,function,function,4,256'");
}

/** The cells after an interrupt, sent all at once. */
async function expectNextCellsRun(count: number): Promise<void> {
  const ids: string[] = [];
  for (let index = 0; index < count; index++) ids.push(await kernel.submit(`kept + ${index}`));
  for (const [index, id] of ids.entries())
    expect(resultText(await kernel.finish("shell", id, hangs))).toBe(String(42 + index));
  await expectAlive();
}

function plain(traceback: unknown): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours of a terminal
  return (traceback as string[]).join("\n").replace(/\x1b\[\d+m/g, "");
}

/** A KeyboardInterrupt, in the reply and on IOPub alike, whose traceback begins at the line with `// here`. */
function expectInterrupted(ran: Ran, code: string): void {
  expect(ran.reply.content).toMatchObject({ status: "error", ename: "KeyboardInterrupt" });
  expect(only(ran, "error")).toMatchObject({ ename: "KeyboardInterrupt" });
  expect(ran.published.at(-1)?.content.execution_state).toBe("idle");
  const line = code.split("\n").findIndex((text) => text.includes("// here")) + 1;
  const cell = `cell ${ran.reply.content.execution_count}, line `;
  const traceback = plain(ran.reply.content.traceback);
  if (line > 0) expect(traceback).toContain(`${cell}${line}`);
  else expect(traceback).toContain("KeyboardInterrupt");
}

const endless: [what: string, code: string][] = [
  ["a loop", "console.log('go');\nwhile (true); // here"],
  ["a loop after an await", "console.log('go');\nawait 1;\nwhile (true); // here"],
  ["a loop in a function", "const f = () => {\n  for (;;); // here\n};\nconsole.log('go');\nf()"],
  ["an await that never ends", "console.log('go');\nawait new Promise(() => {}) // here"],
  [
    "an await in a function",
    "async function f() { await new Promise(() => {}) }\nconsole.log('go');\nawait f(); // here",
  ],
  ["a loop of sleeps", "console.log('go');\nfor (;;)\n  await sleep(5) // here"],
  [
    "sleeps of a function",
    "async function f() {\n  for (;;)\n    await sleep(5) // here\n}\nconsole.log('go');\nawait f()",
  ],
  ["a loop of timers", "console.log('go');\nfor (;;)\n  await new Promise((r) => setTimeout(r, 5)) // here"],
  [
    "a stream that stands still",
    "async function* s() { yield 1; await new Promise(() => {}) }\nfor await (const x of s()) // here\n  console.log('go')",
  ],
  [
    "a loop in a timer",
    "setTimeout(() => {\n  console.log('go');\n  while (true); // here\n}, 5);\nawait new Promise(() => {})",
  ],
  [
    "a loop in a timer beside a sleep",
    "setTimeout(() => {\n  console.log('go');\n  while (true); // here\n}, 5);\nawait sleep(60_000)",
  ],
  [
    "a storm of microtasks",
    "const spin = (): unknown => Promise.resolve().then(spin);\nconsole.log('go');\nawait spin()",
  ],
  [
    "a storm of ticks",
    "const tick = (): void => process.nextTick(tick);\nconsole.log('go'); tick();\nawait new Promise(() => {})",
  ],
  [
    "Atomics.wait",
    "console.log('go');\nAtomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0) // here",
  ],
  ["a regular expression", "console.log('go');\n/(a+)+$/.test('a'.repeat(40) + 'b') // here"],
  [
    "a deep recursion",
    "const deep = (n: number): number => {\n  try { return deep(n + 1) + deep(n + 2); } catch { return deep(0); }\n};\nconsole.log('go');\ndeep(0)",
  ],
  [
    "a large matrix product",
    "const big = randn([2000, 2000]);\nconsole.log('go');\nfor (;;) big.matmul(big)",
  ],
  [
    "a training",
    "console.log('go');\nawait fit(model, set.loader({ batchSize: 8 }), { epochs: 1e6, silent: true, optimizer: optim.sgd(model.parameters(), { lr: 0.01 }) }) // here",
  ],
  [
    "a loop that catches everything",
    "console.log('go');\nfor (;;) {\n  try { while (true); } catch {} finally {} // here\n}",
  ],
  [
    "sleeps that catch everything",
    "console.log('go');\nfor (;;) {\n  try { await sleep(5); } catch {} // here\n}",
  ],
  ["prints that catch everything", "for (;;) {\n  try { console.log('go'); } catch {} // here\n}"],
  ["a flood of output", "for (;;)\n  console.log('go '.repeat(40)) // here"],
  ["a flood of displays", "for (;;)\n  display('go '.repeat(1000)) // here"],
  ["a promise as result", "console.log('go');\nnew Promise(() => {})"],
  [
    "a display that never comes",
    "console.log('go');\ndisplay({ [Symbol.for('Jupyter.display')]: () => new Promise(() => {}) })",
  ],
];

describe.each(ways)("%s", (way, interrupt) => {
  test.each(endless)("ends %s", async (what, code) => {
    const id = await kernel.submit(code);
    await kernel.output(id, "go");
    const started = performance.now();
    await interrupt();
    const ran = await kernel.finish("shell", id, hangs);
    took.push(`${String(Math.round(performance.now() - started)).padStart(6)}  ${what}, by ${way}`);
    expectInterrupted(ran, code);
    await expectNextCellsRun(3);
  });

  test("runs what `finally` has to do, and then no more", async () => {
    const code = [
      "async function work() {",
      "  try { await sleep(60_000) } // here",
      "  finally { console.log('inner') }",
      "}",
      "try { console.log('go'); await work() }",
      "finally { console.log('outer') }",
    ].join("\n");
    const ran = await interrupted(code, interrupt);
    expectInterrupted(ran, code);
    expect(streamText(ran)).toBe("go\ninner\nouter\n");
    await expectAlive();
  });

  test("leaves what a cell catches to the cell", async () => {
    const code =
      "let caught = ''; try { console.log('go'); await new Promise(() => {}) } catch (e) { caught = String(e) }\ncaught";
    const ran = await interrupted(code, interrupt);
    expect(resultText(ran)).toBe("'KeyboardInterrupt: the cell was interrupted'");
    await expectAlive();
  });

  test("ends a child process that a cell waits for", async () => {
    const ran = await interrupted("console.log('go'); execSync('sleep 60')", interrupt);
    expect(ran.reply.content.status).toBe("error");
    await expectAlive();
  });

  test("gives native code up, and waits for it before the next cell", async () => {
    // A read that a signal does not end; the test decides when it does.
    const folder = temporaryFolder("pipe");
    const pipe = join(folder.path, "pipe");
    execFileSync("mkfifo", [pipe]);
    const file = openSync(pipe, constants.O_RDWR);
    try {
      const code = [
        "import koffi from 'koffi'; import { openSync } from 'node:fs';",
        "const read = koffi.load(null).func('long read(int file, void *bytes, size_t length)');",
        `const opened = openSync(${JSON.stringify(pipe)}, 'r');`,
        "console.log('go');",
        "read(opened, Buffer.alloc(1), 1); console.log('still there')",
      ].join("\n");
      const ran = await interrupted(code, interrupt);
      expectInterrupted(ran, code);
      const next = await kernel.submit("'next'");
      await kernel.request("control", "kernel_info_request");
      expect(outputTypes({ published: kernel.published(next) })).toEqual([]);
      writeSync(file, "x");
      expect(resultText(await kernel.finish("shell", next, hangs))).toBe("'next'");
      await expectNextCellsRun(20);
      expect(streamText({ published: kernel.published(ran.id) })).toBe("go\n");
    } finally {
      closeSync(file);
      folder.remove();
    }
  });

  test("ends a question that nobody answers", async () => {
    const code = "\nprompt('?') // here";
    const id = await kernel.submit(code, { allow_stdin: true });
    await kernel.inboxes.stdin.find("input_request", ({ parentHeader }) => parentHeader.msg_id === id);
    await interrupt();
    expectInterrupted(await kernel.finish("shell", id, hangs), code);
    await expectAlive();
  });

  test("is harmless while no cell runs", async () => {
    for (let time = 0; time < 3; time++) await interrupt();
    await arrived(kernel);
    await expectNextCellsRun(20);
  });

  test("may come twice and three times", async () => {
    const ran = await interrupted("console.log('go'); while (true);", async () => {
      for (let time = 0; time < 3; time++) await interrupt();
    });
    expect(ran.reply.content.ename).toBe("KeyboardInterrupt");
    await interrupt();
    await arrived(kernel);
    await expectNextCellsRun(20);
  });

  test("ends a cell that is still being checked, before it runs", async () => {
    const many = Array.from(
      { length: 300 },
      (_, n) => `const f${n} = (x: number) => ({ a${n}: x, b: [x] });`,
    );
    const id = await kernel.submit(`${many.join("\n")}\nconsole.log('ran')`);
    const begun = ({ parentHeader, header }: Message): boolean =>
      parentHeader.msg_id === id && header.msg_type === "execute_input";
    await kernel.iopub.find("execute_input", begun);
    await interrupt();
    const ran = await kernel.finish("shell", id, hangs);
    expect(ran.reply.content.ename).toBe("KeyboardInterrupt");
    expect(streamText(ran)).toBe("");
    await expectAlive();
  });

  test("never stops an optimiser halfway through its parameters", async () => {
    // All begin at 0 and have the gradient 1: after any number of whole steps all are equal.
    const code = [
      "const many = Array.from({ length: 3000 }, () => nn.parameter(zeros([3])));",
      "for (const p of many) p.grad = ones([3]);",
      "const all = optim.sgd(many, { lr: 1 }); all.step();",
      "console.log('go');",
      "for (;;) { try { for (;;) all.step(); } catch {} }",
    ].join("\n");
    expectInterrupted(await interrupted(code, interrupt), code);
    const values = await kernel.execute(
      "[...new Set(many.flatMap((p) => p.detach().toArray() as number[]))].map((value) => -value === all.stepCount).join()",
    );
    expect(resultText(values)).toBe("'true'");
  });

  test("leaves a training with as many whole steps as it counts", async () => {
    const train = (epochs: string): string =>
      [
        "seed(7); const net = nn.sequential(nn.linear(2, 8), nn.relu(), nn.linear(8, 3));",
        "const steps = optim.adam(net.parameters(), { lr: 0.01 });",
        `await fit(net, set.loader({ batchSize: 8 }), { ${epochs}, silent: true, optimizer: steps })`,
      ].join("\n");
    const sum = "[...net.parameters()].map((p) => String(p.detach().toArray())).join()";
    await interrupted(`setTimeout(() => console.log('go'), 30);\n${train("epochs: 1e6")}`, interrupt);
    const whole = await kernel.execute(`const counted = steps.stepCount; const found = ${sum}; counted > 0`);
    expect(resultText(whole)).toBe("true");
    const again = [
      "seed(7); const other = nn.sequential(nn.linear(2, 8), nn.relu(), nn.linear(8, 3));",
      "const optimizer = optim.adam(other.parameters(), { lr: 0.01 });",
      "while (optimizer.stepCount < counted) for (const [x, y] of set.loader({ batchSize: 8 })) {",
      "  if (optimizer.stepCount === counted) break;",
      "  nn.crossEntropy(other.forward(x), y).backward(); optimizer.step();",
      "}",
      sum.replace("net.", "other."),
      "  === found",
    ].join("\n");
    const ran = await kernel.execute(again, {}, 60_000);
    expect(resultText(ran), JSON.stringify(ran.reply.content)).toBe("true");
  });
});

test("an interrupted cell neither prints nor continues any more", async () => {
  const ran = await interrupted(
    "let steps = 0; setInterval(() => console.log('tick'), 10);\nconsole.log('go');\nfor (;;) { await sleep(5); steps++ }",
    byMessage,
  );
  const after = resultText(await kernel.execute("steps"));
  await kernel.execute("await sleep(100)");
  expect(resultText(await kernel.execute("steps"))).toBe(after);
  expect(kernel.published(ran.id).at(-1)?.content.execution_state).toBe("idle");
});

test("what a training function has left is stopped at its next operation", async () => {
  const code = [
    "let rounds = 0;",
    "async function train() { for (;;) { await new Promise((r) => setTimeout0(r)); ones([2]).sum(); rounds++; } }",
    "import timers from 'node:timers'; const { port1, port2 } = new MessageChannel();",
    "const setTimeout0 = (then: (value: unknown) => void) => { port1.once('message', then); port2.postMessage(0); };",
    "console.log('go');",
    "train(); await new Promise(() => {})",
  ].join("\n");
  await interrupted(
    code.replace("MessageChannel();", "(await import('node:worker_threads')).MessageChannel();"),
    byMessage,
  );
  const after = resultText(await kernel.execute("rounds"));
  await kernel.execute("await sleep(50)");
  expect(resultText(await kernel.execute("port1.close(); rounds"))).toBe(after);
});

test("what was printed before arrives", async () => {
  const code = "console.log('go'); for (let i = 0; ; i++) if (i < 3) console.log(i)";
  expect(streamText(await interrupted(code, byMessage))).toBe("go\n0\n1\n2\n");
});

test("cells that wait behind the interrupted one are aborted", async () => {
  const first = await kernel.submit("console.log('go'); while (true);");
  const second = await kernel.submit("'must not run'");
  await kernel.output(first, "go");
  await byMessage();
  expect((await kernel.finish("shell", second)).reply.content.status).toBe("aborted");
  await expectAlive();
});

test.each([
  ["in a cell", "noGrad(() => { console.log('go'); for (;;); })"],
  ["in a timer", "setTimeout(() => noGrad(() => { console.log('go'); for (;;); }), 5);\nawait sleep(60_000)"],
  [
    "in a timer that a cell has left",
    "setTimeout(() => noGrad(() => { console.log('go'); for (;;); }), 20);",
  ],
])("gradients are wanted again after code was ended within noGrad %s", async (_where, code) => {
  await interrupted(code, byMessage);
  await arrived(kernel);
  const after = await kernel.execute(
    "const w = ones([2], { requiresGrad: true }); w.sum().backward(); w.grad!.toArray()",
  );
  expect(resultText(after), JSON.stringify(after.reply.content)).toBe("[ 1, 1 ]");
});

test("interrupts at any moment of any code lose neither cell nor kernel", { timeout: 120_000 }, async () => {
  // Spread evenly over all kinds and delays; the long form, in test/soak, draws by chance.
  let drawn = 0;
  await interruptions(kernel, 12, () => (++drawn * 0.7548776662) % 1);
  await expectAlive();
});

test("what was abandoned may be collected as garbage", async () => {
  const waits = "for (;;) { try { console.log('go'); await new Promise(() => {}) } catch {} }";
  await interrupted(waits, byMessage);
  await kernel.execute(
    "import v8 from 'node:v8';\nimport vm from 'node:vm';\nv8.setFlagsFromString('--expose-gc');\nvm.runInNewContext('gc')()",
  );
  await expectAlive();
});
