/** The kernel as a process: how it starts, what it drops, how it ends. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Encoder, Signer } from "../../kernel/protocol/wire.ts";
import { projectRoot, temporaryFolder } from "../support/jupyter.ts";
import { resultText, TestKernel } from "./client.ts";

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

test.each([
  ["at rest", "1"],
  ["in a loop that ends for nothing", "console.log('go'); while (true);"],
])("shutdown is answered and ends the kernel %s", async (_state, code) => {
  const kernel = await TestKernel.start();
  try {
    const id = await kernel.submit(code);
    if (code === "1") await kernel.finish("shell", id);
    else await kernel.output(id, "go");
    const shutdown = await kernel.send("control", "shutdown_request", { restart: true });
    expect((await kernel.reply("control", shutdown)).content).toEqual({ status: "ok", restart: true });
    await kernel.ended;
  } finally {
    await kernel.stop();
  }
});

test("the kernel ends when the process that started it dies", async () => {
  const folder = temporaryFolder("orphan");
  const file = join(folder.path, "connection.json");
  const ports = [0, 1, 2, 3, 4].map((offset) => 40_000 + (process.pid % 4000) * 5 + offset);
  const [shell_port, control_port, stdin_port, iopub_port, hb_port] = ports;
  writeFileSync(
    file,
    JSON.stringify({ ip: "127.0.0.1", key: "", shell_port, control_port, stdin_port, iopub_port, hb_port }),
  );
  const start = `const { spawn } = require('node:child_process');
    const kernel = spawn(process.execPath, [${JSON.stringify(main)}, ${JSON.stringify(file)}], { stdio: 'ignore' });
    console.log(kernel.pid);
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), 700);`;
  const parent = spawn(process.execPath, ["-e", start], { stdio: ["ignore", "pipe", "inherit"] });
  const [output] = await once(parent.stdout, "data");
  const kernel = Number(output);
  const alive = (): boolean => {
    try {
      return process.kill(kernel, 0);
    } catch {
      return false;
    }
  };
  expect(alive()).toBe(true);
  await once(parent, "exit");
  while (alive()) await new Promise((resolve) => setTimeout(resolve, 50));
  folder.remove();
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
