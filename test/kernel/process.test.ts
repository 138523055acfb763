/** The kernel as a process: how it starts, what it drops, how it ends. */
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { Encoder, Signer } from "../../kernel/protocol/wire.ts";
import { projectRoot } from "../support/jupyter.ts";
import { canList, processesWith, until } from "../support/processes.ts";
import { busyStates } from "./busy.ts";
import { resultText, TestKernel } from "./client.ts";

// A kernel that shares a busy machine may take long to start; what these ask is whether, not when.
vi.setConfig({ testTimeout: 180_000 });

/** In the environment of what is started here, so that it can be found whoever its parent is. */
const marker = randomUUID();
const main = join(projectRoot, "dist", "kernel", "main.js");

test("what is not signed with the connection's key is dropped and logged, whatever it says", async () => {
  const kernel = await TestKernel.start();
  try {
    const evil = new Encoder(new Signer("not the key", "sha256"));
    const content = { code: "console.log('owned')", silent: false };
    await kernel.sendFrames("shell", evil.encode([], { type: "execute_request", content }));
    await kernel.sendFrames(
      "control",
      evil.encode([], { type: "shutdown_request", content: { restart: false } }),
    );
    await kernel.sendFrames("shell", [Buffer.from("junk")]);
    await kernel.sendFrames("shell", [Buffer.from("<IDS|MSG>"), Buffer.from(""), Buffer.from("{")]);
    const replayed = kernel.encoder.encode([], { type: "execute_request", content: { code: "'once'" } });
    await kernel.sendFrames("shell", replayed);
    await kernel.sendFrames("shell", replayed);
    const ran = await kernel.execute("'alive'");
    expect(resultText(ran)).toBe("'alive'");
    expect(ran.reply.content.execution_count).toBe(2);
    expect(JSON.stringify(kernel.iopub.all.map((message) => message.content))).not.toContain("owned");
    for (const reason of ["invalid signature", "duplicate signature", "no delimiter"])
      expect(kernel.log).toContain(reason);
  } finally {
    await kernel.stop();
  }
});

test("fields that are missing or of the wrong type are survived", async () => {
  const kernel = await TestKernel.start();
  try {
    for (const [type, content] of [
      ["execute_request", {}],
      ["execute_request", { code: 5, user_expressions: "x", allow_stdin: "yes" }],
      ["complete_request", {}],
      ["complete_request", { code: "a", cursor_pos: -7 }],
      ["complete_request", { code: "a", cursor_pos: 1e9 }],
      ["inspect_request", { code: null }],
      ["is_complete_request", { code: [] }],
      ["history_request", { hist_access_type: "sideways", n: "many" }],
      ["comm_info_request", { target_name: 5 }],
    ] as const) {
      const { reply } = await kernel.request("shell", type, content);
      expect(reply.header.msg_type).toBe(type.replace("request", "reply"));
    }
    expect(resultText(await kernel.execute("1"))).toBe("1");
  } finally {
    await kernel.stop();
  }
});

test("the heartbeat beats while a cell computes", async () => {
  const kernel = await TestKernel.start();
  try {
    const id = await kernel.submit(
      "console.log('go'); const until = Date.now() + 800; while (Date.now() < until);",
    );
    await kernel.output(id, "go");
    expect(await kernel.heartbeat("ping")).toBe("ping");
    expect(kernel.published(id).some(({ content }) => content.execution_state === "idle")).toBe(false);
    await kernel.finish("shell", id);
  } finally {
    await kernel.stop();
  }
});

test.each(busyStates)(
  "shutdown is answered and ends the kernel and its children %s",
  async (_state, code) => {
    const kernel = await TestKernel.start({ env: { NNLAB_TEST: marker } });
    try {
      const id = await kernel.submit(code, { allow_stdin: true });
      await kernel.output(id, "go");
      const shutdown = await kernel.send("control", "shutdown_request", { restart: true });
      expect((await kernel.reply("control", shutdown)).content).toEqual({ status: "ok", restart: true });
      await kernel.ended;
      if (canList) await until(() => processesWith("NNLAB_TEST", marker).length === 0);
    } finally {
      await kernel.stop();
    }
  },
);

test.each([
  ["at rest", "console.log('go')"],
  ["that computes", "console.log('go'); while (true);"],
])("a kernel %s ends when the process that started it dies", async (_state, code) => {
  const kernel = await TestKernel.start({ withParent: true });
  try {
    await kernel.output(await kernel.submit(code), "go");
    // The pipes of the parent are closed once the kernel, which shares them, has ended too.
    const closed = once(kernel.process, "close");
    kernel.process.kill("SIGKILL");
    await closed;
  } finally {
    await kernel.stop();
  }
});

test("what is wrong with the connection file is one sentence and an exit code", async () => {
  const run = async (args: string[]): Promise<[number | null, string]> => {
    const child = spawn(process.execPath, [main, ...args], { stdio: ["ignore", "ignore", "pipe"] });
    let text = "";
    child.stderr.on("data", (chunk: Buffer) => {
      text += chunk.toString();
    });
    const [code] = (await once(child, "close")) as [number | null];
    return [code, text];
  };
  expect(await run([])).toEqual([2, expect.stringContaining("usage:")]);
  const [code, text] = await run(["/nonexistent/connection.json"]);
  expect(code).toBe(1);
  expect(text).toContain("/nonexistent/connection.json");
});
