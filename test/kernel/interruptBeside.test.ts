/** Interrupts of code that runs beside cells: of controls that are moved, and of timers and functions that a cell has left. */
import { stripVTControlCharacters } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Message } from "../../kernel/protocol/wire.ts";
import { only, resultText, streamText, TestKernel } from "./client.ts";

let kernel: TestKernel;
beforeAll(async () => {
  kernel = await TestKernel.start();
  await kernel.execute("let kept = 42; undefined", {}, 60_000);
}, 120_000);
afterAll(() => kernel.stop());

/** Nobody waits that long: a kernel that hangs is found, a machine that is busy is not. */
const hangs = 20_000;

const ways: [string, () => Promise<void>][] = [
  ["interrupt_request", async () => void (await kernel.request("control", "interrupt_request"))],
  ["SIGINT", async () => void kernel.process.kill("SIGINT")],
];

async function expectAlive(): Promise<void> {
  for (let cell = 0; cell < 3; cell++) expect(resultText(await kernel.execute("kept", {}, hangs))).toBe("42");
}

/** Shows a slider that `body` draws for; its comm. */
async function slider(body: string): Promise<string> {
  const { reply, published } = await kernel.execute(
    `let moves = 0; interact({ n: [0, 99] }, ({ n }) => {\nif (moves++ === 0) return n;\n${body}\n})`,
    { allow_stdin: true },
  );
  expect(reply.content).toMatchObject({ status: "ok" });
  const opened = published.find(({ content }) => JSON.stringify(content).includes("IntSliderModel"));
  return String(opened?.content.comm_id);
}

/** Moves it, and waits until what it draws has begun. */
async function move(comm: string): Promise<string> {
  const content = { comm_id: comm, data: { method: "update", state: { value: 7 } } };
  const id = await kernel.send("shell", "comm_msg", content);
  await kernel.output(id, "go");
  return id;
}

/** A KeyboardInterrupt is told, with the code's line. */
function expectTold(published: Message[], line: string): void {
  const { ename, traceback } = only({ published }, "error");
  expect(ename).toBe("KeyboardInterrupt");
  expect(stripVTControlCharacters((traceback as string[]).join("\n"))).toContain(`| ${line}`);
}

describe.each(ways)("%s", (_way, interrupt) => {
  test.each([
    ["a loop", "while (true);"],
    ["a loop that catches everything", "for (;;) try { while (true); } catch {}"],
    ["a regular expression", "/(a+)+$/.test('a'.repeat(40) + 'b');"],
    ["Atomics.wait", "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);"],
  ])("ends %s in what a control draws while no cell runs", async (_what, line) => {
    const id = await move(await slider(`console.log('go');\n${line}`));
    await interrupt();
    await kernel.idle(id, hangs);
    const published = kernel.published(id);
    expectTold(published, line);
    // In the picture's place: front ends show no errors of controls.
    const shown = JSON.stringify(only({ published }, "update_display_data").data);
    expect(shown).toContain("KeyboardInterrupt: the cell was interrupted");
    await expectAlive();
  });

  test("ends a computation in what a control draws, which says so in its place", async () => {
    const id = await move(
      await slider("console.log('go');\nconst a = randn([500, 500]);\nfor (;;) a.matmul(a);"),
    );
    await interrupt();
    await kernel.idle(id, hangs);
    const shown = only({ published: kernel.published(id) }, "update_display_data").data;
    expect(JSON.stringify(shown)).toContain("KeyboardInterrupt");
    await expectAlive();
  });

  test("ends both a cell that awaits and what a control draws meanwhile", async () => {
    const comm = await slider("console.log('go');\nwhile (true); // the control's");
    const cell = await kernel.submit("console.log('waits');\nawait new Promise(() => {}); // the cell's");
    await kernel.output(cell, "waits");
    const id = await move(comm);
    await interrupt();
    const ran = await kernel.finish("shell", cell, hangs);
    await kernel.idle(id, hangs);
    expect(ran.reply.content.ename).toBe("KeyboardInterrupt");
    expectTold(ran.published, "await new Promise(() => {}); // the cell's");
    expectTold(kernel.published(id), "while (true); // the control's");
    await expectAlive();
  });

  test.each([
    ["a timer", "setTimeout(() => {\nconsole.log('go');\nwhile (true);\n}, 10); undefined"],
    [
      "one of two intervals",
      "for (const time of [10, 20]) setInterval(() => {\nconsole.log('go');\nwhile (true);\n}, time);",
    ],
    [
      "a function that nobody awaits",
      "void (async () => {\nawait new Promise((r) => setTimeout(r, 10));\nconsole.log('go');\nwhile (true);\n})(); undefined",
    ],
  ])("ends a loop in %s that a finished cell has left, for good", async (_what, code) => {
    const { id } = await kernel.execute(code);
    await kernel.output(id, "go");
    await interrupt();
    await kernel.output(id, "KeyboardInterrupt");
    await expectAlive();
    await kernel.execute("await new Promise((resolve) => setTimeout(resolve, 50))", {}, hangs);
    expectTold(kernel.published(id), "while (true);");
    expect(streamText({ published: kernel.published(id) })).toBe("go\n");
  });
});
