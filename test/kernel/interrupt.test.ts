/** Whatever a cell does, an interrupt ends it, the variables are kept, and the next cell runs. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Message } from "../../kernel/protocol/wire.ts";
import { only, resultText, streamText, TestKernel } from "./client.ts";

let kernel: TestKernel;

beforeAll(async () => {
  kernel = await TestKernel.start();
  await kernel.execute("let kept = 41; kept = 42; import { execSync } from 'node:child_process'");
  await kernel.execute("import { setTimeout as sleep } from 'node:timers/promises'");
});
afterAll(() => kernel.stop());

const byMessage = () => kernel.request("control", "interrupt_request");
const bySignal = async () => void kernel.process.kill("SIGINT");

/** Runs `code`, interrupts it once it has printed "go", and returns what came of it. */
async function interrupted(code: string, interrupt: () => Promise<unknown>, options = {}) {
  const id = await kernel.submit(`console.log('go');\n${code}`, options);
  await kernel.output(id, "go");
  await interrupt();
  return kernel.finish("shell", id, 4000);
}

async function expectAlive(): Promise<void> {
  const ran = await kernel.execute("kept");
  expect(resultText(ran), JSON.stringify(ran.reply.content)).toBe("42");
}

const endless: [string, string][] = [
  ["a loop", "while (true);"],
  ["a loop after an await", "await 1; while (true);"],
  ["an await that never ends", "await new Promise(() => {})"],
  ["a loop of sleeps", "for (;;) await sleep(5)"],
  ["a loop of timers", "for (;;) await new Promise((r) => setTimeout(r, 5))"],
  ["a loop in a timer", "setTimeout(() => { while (true); }, 5); await new Promise(() => {})"],
  ["a loop of microtasks", "const spin = (): unknown => Promise.resolve().then(spin); await spin()"],
  ["a loop of ticks", "const tick = (): void => process.nextTick(tick); tick(); await new Promise(() => {})"],
  ["Atomics.wait", "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)"],
  ["a regular expression", "/(a+)+$/.test('a'.repeat(40) + 'b')"],
  ["a loop that catches everything", "for (;;) { try { while (true); } catch {} finally {} }"],
  ["a promise as result", "new Promise(() => {})"],
  ["a display that never comes", "display({ [Symbol.for('Jupyter.display')]: () => new Promise(() => {}) })"],
];

describe.each([
  ["interrupt_request", () => byMessage()],
  ["SIGINT", () => bySignal()],
])("%s", (_name, interrupt) => {
  test.each(endless)("ends %s", async (_what, code) => {
    const ran = await interrupted(code, interrupt);
    expect(ran.reply.content).toMatchObject({ status: "error", ename: "KeyboardInterrupt" });
    expect(only(ran, "error").ename).toBe("KeyboardInterrupt");
    expect(ran.published.at(-1)?.content.execution_state).toBe("idle");
    await expectAlive();
  });

  test("ends a child process that a cell waits for", async () => {
    const ran = await interrupted("execSync('sleep 60')", interrupt);
    expect(ran.reply.content.status).toBe("error");
    await expectAlive();
  });
});

test("an interrupted cell neither prints nor continues any more", async () => {
  const ran = await interrupted(
    "let steps = 0; setInterval(() => console.log('tick'), 10);\nfor (;;) { await sleep(5); steps++ }",
    byMessage,
  );
  const after = resultText(await kernel.execute("steps"));
  await kernel.execute("await sleep(100)");
  expect(resultText(await kernel.execute("steps"))).toBe(after);
  expect(kernel.published(ran.id).at(-1)?.content.execution_state).toBe("idle");
});

test("what was printed before arrives", async () => {
  expect(streamText(await interrupted("for (let i = 0; ; i++) if (i < 3) console.log(i)", byMessage))).toBe(
    "go\n0\n1\n2\n",
  );
});

test("a question that nobody answers is interrupted at once, with the line", async () => {
  const id = await kernel.submit("\nprompt('?')", { allow_stdin: true });
  await kernel.inboxes.stdin.find("input_request", (message) => message.parentHeader.msg_id === id);
  await byMessage();
  const ran = await kernel.finish("shell", id, 4000);
  expect(ran.reply.content.ename).toBe("KeyboardInterrupt");
  await expectAlive();
});

test("cells that wait behind the interrupted one are aborted", async () => {
  const first = await kernel.submit("console.log('go'); while (true);");
  const second = await kernel.submit("'must not run'");
  await kernel.output(first, "go");
  await byMessage();
  expect((await kernel.finish("shell", second)).reply.content.status).toBe("aborted");
  await expectAlive();
});

test("interrupting while idle, or twice, is harmless", async () => {
  await byMessage();
  await bySignal();
  await byMessage();
  await expectAlive();
  const twice = await interrupted("while (true);", async () => {
    await byMessage();
    await byMessage();
    await bySignal();
  });
  expect(twice.reply.content.ename).toBe("KeyboardInterrupt");
  await byMessage();
  await expectAlive();
});

test("a loop in a timer that a finished cell has left is ended too", async () => {
  await kernel.execute("setTimeout(() => { while (true); }, 10); undefined");
  await new Promise((resolve) => setTimeout(resolve, 100));
  await byMessage();
  await expectAlive();
});

test("gradients are wanted again after a cell was ended within noGrad", async () => {
  const code = "noGrad(() => { for (;;); })";
  const ran = await interrupted(code, byMessage);
  expect(ran.reply.content).toMatchObject({ ename: "KeyboardInterrupt" });
  const after = await kernel.execute(
    "const w = ones([2], { requiresGrad: true }); w.sum().backward(); w.grad!.toArray()",
  );
  expect(resultText(after)).toBe("[ 1, 1 ]");
});

test("a cell that is still being checked is interrupted before it runs", async () => {
  const own = await TestKernel.start();
  const id = await own.submit("console.log('ran')");
  const begun = (message: Message): boolean =>
    message.parentHeader.msg_id === id && message.header.msg_type === "execute_input";
  await own.iopub.find("execute_input", begun);
  await own.send("control", "interrupt_request", {});
  const ran = await own.finish("shell", id);
  expect(ran.reply.content.ename).toBe("KeyboardInterrupt");
  expect(streamText(ran)).toBe("");
  expect(resultText(await own.execute("1"))).toBe("1");
  await own.stop();
});

test("many interrupts at any moment lose neither cell nor kernel", async () => {
  for (let round = 0; round < 15; round++) {
    const id = await kernel.submit(
      "for (let i = 0; i < 3; i++) { await sleep(3); for (let j = 0; j < 1e6; j++); }",
    );
    await new Promise((resolve) => setTimeout(resolve, round * 7));
    await kernel.send("control", "interrupt_request", {});
    const { reply } = await kernel.finish("shell", id, 6000);
    expect(["ok", "error"]).toContain(reply.content.status);
    await expectAlive();
  }
});

test("what was abandoned may be collected as garbage", async () => {
  await interrupted("await new Promise(() => {})", byMessage);
  await kernel.execute(
    "import v8 from 'node:v8';\nimport vm from 'node:vm';\nv8.setFlagsFromString('--expose-gc');\nvm.runInNewContext('gc')()",
  );
  await expectAlive();
});
