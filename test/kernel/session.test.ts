/** The way JupyterLab goes: @jupyterlab/services, a real Jupyter server, our kernel. */
import { type Kernel, KernelManager, type KernelMessage, ServerConnection } from "@jupyterlab/services";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type JupyterServer, startJupyter, temporaryFolder } from "../support/jupyter.ts";

const folder = temporaryFolder("session");
let server: JupyterServer;
let manager: KernelManager;
let kernel: Kernel.IKernelConnection;

beforeAll(async () => {
  server = await startJupyter("server", folder.path, folder.path);
  const serverSettings = ServerConnection.makeSettings({
    baseUrl: server.baseUrl,
    wsUrl: server.baseUrl.replace("http", "ws"),
    token: server.token,
    appendToken: true,
  });
  manager = new KernelManager({ serverSettings });
  kernel = await manager.startNew({ name: "nnlab" });
}, 90_000);
afterAll(async () => {
  await kernel?.shutdown();
  kernel?.dispose();
  manager?.dispose();
  await server?.stop();
  folder.remove();
}, 30_000);

interface Cell {
  done: Promise<KernelMessage.IExecuteReplyMsg>;
  messages: KernelMessage.IIOPubMessage[];
  /** Settles at the first message of a type. */
  first(type: string): Promise<KernelMessage.IIOPubMessage>;
}

function run(code: string, options: Partial<KernelMessage.IExecuteRequestMsg["content"]> = {}): Cell {
  const future = kernel.requestExecute({ code, ...options });
  const messages: KernelMessage.IIOPubMessage[] = [];
  const waiting: { type: string; resolve(message: KernelMessage.IIOPubMessage): void }[] = [];
  future.onIOPub = (message) => {
    messages.push(message);
    for (const { type, resolve } of waiting) if (message.header.msg_type === type) resolve(message);
  };
  future.onStdin = (message) => {
    if (message.header.msg_type === "input_request")
      future.sendInputReply({ status: "ok", value: "from the front end" }, message.header as never);
  };
  return {
    done: future.done,
    messages,
    first: (type) => new Promise((resolve) => waiting.push({ type, resolve })),
  };
}

function text({ messages }: Cell): string {
  return messages
    .map(({ header, content }) => {
      if (header.msg_type === "stream") return (content as { text: string }).text;
      if (header.msg_type !== "execute_result") return "";
      return (content as { data: Record<string, string> }).data["text/plain"];
    })
    .join("");
}

test("a cell runs and its result comes back", async () => {
  const cell = run("const six: number = 6;\nsix * 7");
  expect((await cell.done).content.status).toBe("ok");
  expect(text(cell)).toBe("42");
});

test("the kernel tells what it is", async () => {
  const info = await kernel.info;
  expect(info.language_info).toMatchObject({ name: "typescript", file_extension: ".ts" });
});

test("an error comes with name, value and traceback", async () => {
  const cell = run("throw new TypeError('wrong')");
  expect((await cell.done).content).toMatchObject({ status: "error", ename: "TypeError", evalue: "wrong" });
  expect(cell.messages.map(({ header }) => header.msg_type)).toContain("error");
});

test("after an error, cells with stop_on_error: false run at once", async () => {
  const cells = ["throw new Error('first')", "'second'"].map((code) => run(code, { stop_on_error: false }));
  const replies = await Promise.all(cells.map(({ done }) => done));
  expect(replies.map(({ content }) => content.status)).toEqual(["error", "ok"]);
});

test("run all: a type error stops the cells behind it", async () => {
  const cells = ["const wrong: string = 1", "console.log('must not run')"].map((code) =>
    run(code, { stop_on_error: true }),
  );
  await cells[0]?.done;
  const reply = await cells[1]?.done;
  expect(reply?.content.status).toBe("aborted");
});

test("20,000 lines arrive in order", async () => {
  const cell = run("for (let i = 0; i < 20000; i++) console.log(i)");
  await cell.done;
  expect(text(cell) === Array.from({ length: 20_000 }, (_, i) => `${i}\n`).join("")).toBe(true);
});

test("completion answers while a cell is busy", async () => {
  await run("const pixels = [0, 128, 255]").done;
  const cell = run("console.log('go'); const end = Date.now() + 1500; while (Date.now() < end);");
  await cell.first("stream");
  const { content } = await kernel.requestComplete({ code: "pixels.redu", cursor_pos: 11 });
  expect(content).toMatchObject({ status: "ok", matches: expect.arrayContaining(["reduce"]) });
  expect(kernel.status).toBe("busy");
  await cell.done;
});

test("input is asked for at the front end", async () => {
  const cell = run("prompt('who?')", { allow_stdin: true });
  await cell.done;
  expect(text(cell)).toBe("'from the front end'");
});

test("an endless loop is interrupted, and its variables are kept", async () => {
  const cell = run("let turns = 0;\nconsole.log('go');\nwhile (true) turns++;");
  await cell.first("stream");
  await kernel.interrupt();
  expect((await cell.done).content).toMatchObject({ status: "error", ename: "KeyboardInterrupt" });
  const after = run("turns > 1000");
  await after.done;
  expect(text(after)).toBe("true");
});

test("a restart forgets everything and goes on", { timeout: 60_000 }, async () => {
  await run("const forgotten = 1").done;
  await kernel.restart();
  await kernel.info;
  const cell = run("typeof (globalThis as { forgotten?: unknown }).forgotten");
  expect((await cell.done).content).toMatchObject({ status: "ok", execution_count: 1 });
  expect(text(cell)).toBe("'undefined'");
});
