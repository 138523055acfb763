/** What would end the kernel: refused or stopped where that can be done, and told afterwards where it cannot. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { only, outputTypes, type Ran, resultText, streamText, TestKernel } from "./client.ts";

const slow = 120_000;

function traceback(ran: Ran): string {
  return (only(ran, "error").traceback as string[]).join("\n");
}

describe("a full heap", { timeout: 3 * slow }, () => {
  let kernel: TestKernel;
  beforeAll(async () => {
    // V8's own limit, so that the test need not fill gigabytes.
    kernel = await TestKernel.start({ env: { NODE_OPTIONS: "--max-old-space-size=200" } });
    await kernel.execute(
      "const kept = 5;\nlet list: object[] = [];\nfunction more() {\n  list.push(new Array(1000).fill(1.5));\n}",
      {},
      slow,
    );
    await kernel.execute(
      "import v8 from 'node:v8'; import vm from 'node:vm'; v8.setFlagsFromString('--expose-gc');" +
        "const collect = vm.runInNewContext('gc')",
      {},
      slow,
    );
  }, slow);
  afterAll(() => kernel.stop());

  test.each([
    ["by built-in functions in a loop", "\nwhile (true) more();", /cell \d+, line 2/],
    ["in an asynchronous loop", "while (true) { await null; list.push({ a: [1, 2, 3] }); }", /^/],
  ])("%s stops the cell, and the kernel lives with its variables", async (_how, code, place) => {
    const ran = await kernel.execute(code, {}, slow);
    expect(ran.reply.content).toMatchObject({ status: "error", ename: "OutOfMemoryError" });
    expect(ran.reply.content.evalue).toContain("list.length = 0");
    expect(traceback(ran)).toMatch(place);
    expect(outputTypes(ran)).toEqual(["error"]);
    // As V8 does while no cell runs; after four times in vain it would end the process.
    const { id } = await kernel.execute(
      "setTimeout(() => { for (let i = 0; i < 8; i++) collect(); console.log('collected') }, 20); undefined",
      {},
      slow,
    );
    await kernel.output(id, "collected");
    expect(resultText(await kernel.execute("list = []; kept", {}, slow))).toBe("5");
  });
});

describe("from a cell, the kernel is not ended", () => {
  let kernel: TestKernel;
  beforeAll(async () => {
    kernel = await TestKernel.start();
  }, slow);
  afterAll(() => kernel.stop());

  test.each([
    ["process.exit()"],
    ["process.abort()"],
    ["(process as unknown as { reallyExit(code: number): void }).reallyExit(0)"],
    ["process.kill(process.pid)"],
    ["process.kill(0, 'SIGKILL')"],
    ["import { kill } from 'node:process';\nkill(process.pid, 'SIGSEGV')"],
  ])("by %s", async (code) => {
    const ran = await kernel.execute(code, {}, slow);
    expect(ran.reply.content).toMatchObject({ status: "error", ename: "ProcessExitError" });
    expect(ran.reply.content.evalue).toContain("lose all variables");
  });

  test("but signals that end nothing are sent", async () => {
    const code =
      "const got = new Promise((resolve) => process.once('SIGUSR2', resolve));\n" +
      "process.kill(process.pid, 'SIGUSR2');\n[process.kill(process.pid, 0), await got]";
    expect(resultText(await kernel.execute(code, {}, slow))).toBe("[ true, 'SIGUSR2' ]");
  });
});

test(
  "after a crash the next kernel says, once, what was lost; after a restart it says nothing",
  async () => {
    const first = await TestKernel.start();
    let second: TestKernel | null = null;
    let third: TestKernel | null = null;
    try {
      await first.execute("const precious = 1; precious", {}, slow);
      await first.submit(
        "import { execSync } from 'node:child_process';\nexecSync('kill -SEGV ' + process.pid); while (true);",
      );
      await first.ended;
      expect(first.process.signalCode).toBe("SIGSEGV");

      second = await TestKernel.start({ after: first });
      const quiet = await second.execute("1", { silent: true, store_history: false }, slow);
      expect(outputTypes(quiet)).toEqual([]);
      const told = await second.execute("console.log('own'); 2", {}, slow);
      expect(streamText(told)).toMatch(
        /^The kernel ended unexpectedly while cell 2 was running.*Run the cells again from the top\.\nown\n$/s,
      );
      expect(streamText(told, "stderr")).toBe("");
      expect(outputTypes(await second.execute("3", {}, slow))).toEqual(["execute_result"]);
      await second.send("control", "shutdown_request", { restart: true });
      await second.ended;

      third = await TestKernel.start({ after: first });
      expect(outputTypes(await third.execute("4", {}, slow))).toEqual(["execute_result"]);
    } finally {
      await third?.stop();
      await second?.stop();
      await first.stop();
    }
  },
  4 * slow,
);
