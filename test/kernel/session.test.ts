/** The way JupyterLab goes: @jupyterlab/services, a real Jupyter server, our kernel. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type Kernel,
  KernelManager,
  type KernelMessage,
  ServerConnection,
  SessionManager,
} from "@jupyterlab/services";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type JupyterServer, startJupyter, temporaryFolder } from "../support/jupyter.ts";

const folder = temporaryFolder("session");
let server: JupyterServer;
let serverSettings: ServerConnection.ISettings;
let manager: KernelManager;
let kernel: Kernel.IKernelConnection;

/** Lets a test cut the connection, as a lost network does. */
class CuttableSocket extends WebSocket {
  static readonly all: CuttableSocket[] = [];

  constructor(url: string, protocols?: string[]) {
    super(url, protocols);
    CuttableSocket.all.push(this);
  }
}

beforeAll(async () => {
  server = await startJupyter("server", folder.path, folder.path);
  serverSettings = ServerConnection.makeSettings({
    baseUrl: server.baseUrl,
    wsUrl: server.baseUrl.replace("http", "ws"),
    token: server.token,
    appendToken: true,
    WebSocket: CuttableSocket as never,
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

function run(
  code: string,
  options: Partial<KernelMessage.IExecuteRequestMsg["content"]> = {},
  connection = kernel,
): Cell {
  const future = connection.requestExecute({ code, ...options });
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

/** Asks the server until it answers so. */
async function serverSays<Answer>(path: string, holds: (answer: Answer) => boolean): Promise<void> {
  const ask = async (): Promise<boolean> => {
    const { baseUrl } = serverSettings;
    const response = await ServerConnection.makeRequest(`${baseUrl}api/${path}`, {}, serverSettings);
    return holds((await response.json()) as Answer);
  };
  await expect.poll(ask, { timeout: 60_000, interval: 200 }).toBe(true);
}

test("two clients on one kernel: both see what it publishes, each gets the replies to its own requests", {
  timeout: 120_000,
}, async () => {
  const other = manager.connectTo({ model: kernel.model });
  try {
    await other.info;
    const seen: Record<string, string[]> = { first: [], second: [] };
    const replies: Record<string, string[]> = { first: [], second: [] };
    for (const [name, connection] of Object.entries({ first: kernel, second: other }))
      connection.anyMessage.connect((_, { msg, direction }) => {
        const parent = (msg.parent_header as { msg_id?: string }).msg_id ?? "";
        if (direction !== "recv") return;
        if (msg.channel === "shell") replies[name]?.push(parent);
        if (msg.header.msg_type === "stream") seen[name]?.push((msg.content as { text: string }).text);
      });
    const mine = run("console.log('of the first'); const shared = 5");
    const { parent_header: first } = await mine.done;
    const theirs = run("console.log('of the second:', shared)", {}, other);
    const { parent_header: second } = await theirs.done;
    await expect
      .poll(() => seen, { timeout: 20_000 })
      .toEqual({
        first: ["of the first\n", "of the second: 5\n"],
        second: ["of the first\n", "of the second: 5\n"],
      });
    expect(replies.first).toContain((first as { msg_id: string }).msg_id);
    expect(replies.second).toContain((second as { msg_id: string }).msg_id);
    expect(replies.first?.filter((id) => replies.second?.includes(id))).toEqual([]);
  } finally {
    other.dispose();
  }
});

test("a lost websocket is connected again, and what the cell printed meanwhile arrives", {
  timeout: 120_000,
}, async () => {
  const own = await manager.startNew({ name: "nnlab" });
  try {
    const goOn = join(folder.path, "go-on");
    const wait = "while (!existsSync(file)) await new Promise((resolve) => setTimeout(resolve, 50))";
    const code = [
      "import { existsSync } from 'node:fs'",
      `const file = ${JSON.stringify(goOn)}; console.log('before')`,
      `${wait}; console.log('after')`,
    ].join(";\n");
    const cell = run(code, {}, own);
    await cell.first("stream");
    const sockets = CuttableSocket.all.filter(({ url }) => url.includes(own.id));
    for (const socket of sockets) socket.close();
    await serverSays<{ connections: number }>(`kernels/${own.id}`, ({ connections }) => connections === 0);
    writeFileSync(goOn, "");
    expect((await cell.done).content.status).toBe("ok");
    expect(text(cell)).toBe("before\nafter\n");
    expect(own.connectionStatus).toBe("connected");
    expect(CuttableSocket.all.filter(({ url }) => url.includes(own.id)).length).toBeGreaterThan(
      sockets.length,
    );
    expect((await run("file", {}, own).done).content.status).toBe("ok");
  } finally {
    await own.shutdown();
    own.dispose();
  }
});

test("a kernel that is killed is started again by the server, and says so", {
  timeout: 120_000,
}, async () => {
  const own = await manager.startNew({ name: "nnlab" });
  try {
    const states: string[] = [];
    own.statusChanged.connect((_, status) => states.push(status));
    const pid = run("process.pid", {}, own);
    await pid.done;
    const cell = run("console.log('go'); await new Promise(() => undefined)", {}, own);
    const ended = cell.done.then(
      () => "answered",
      () => "cancelled",
    );
    await cell.first("stream");
    process.kill(Number(text(pid)), "SIGKILL");
    expect(await ended).toBe("cancelled");
    expect(states).toContain("autorestarting");
    await expect.poll(() => own.status, { timeout: 60_000 }).toBe("idle");
    const next = run("process.pid", {}, own);
    expect((await next.done).content).toMatchObject({ status: "ok", execution_count: 1 });
    expect(text(next)).not.toBe(text(pid));
  } finally {
    await own.shutdown();
    own.dispose();
  }
});

test("a session gives a notebook its kernel, keeps it when renamed, changes it, and ends with it", {
  timeout: 120_000,
}, async () => {
  const sessions = new SessionManager({ serverSettings, kernelManager: manager });
  try {
    const session = await sessions.startNew({
      path: "a.ipynb",
      name: "a.ipynb",
      type: "notebook",
      kernel: { name: "nnlab" },
    });
    const first = session.kernel as Kernel.IKernelConnection;
    await run("const kept = 'kept'", {}, first).done;
    await session.setPath("b.ipynb");
    expect((await sessions.findByPath("b.ipynb"))?.kernel?.id).toBe(first.id);
    const kept = run("kept", {}, session.kernel as Kernel.IKernelConnection);
    await kept.done;
    expect(text(kept)).toBe("'kept'");

    const second = (await session.changeKernel({ name: "nnlab" })) as Kernel.IKernelConnection;
    expect(second.id).not.toBe(first.id);
    const fresh = run("typeof (globalThis as { kept?: unknown }).kept", {}, second);
    await fresh.done;
    expect(text(fresh)).toBe("'undefined'");
    const { id } = second;
    await session.shutdown();
    await serverSays<{ id: string }[]>("kernels", (kernels) => kernels.every((other) => other.id !== id));
  } finally {
    sessions.dispose();
  }
});

test("a restart forgets everything and goes on", { timeout: 60_000 }, async () => {
  await run("const forgotten = 1").done;
  await kernel.restart();
  await kernel.info;
  const cell = run("typeof (globalThis as { forgotten?: unknown }).forgotten");
  expect((await cell.done).content).toMatchObject({ status: "ok", execution_count: 1 });
  expect(text(cell)).toBe("'undefined'");
});
