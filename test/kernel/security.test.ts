/** Who may speak to a kernel: what is dropped, where it listens, and that it calls nobody. */
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { exposures, parseConnection } from "../../kernel/protocol/connection.ts";
import { Dropped } from "../../kernel/protocol/dropped.ts";
import { temporaryFolder } from "../support/jupyter.ts";
import { canList, listeners } from "../support/processes.ts";
import { sendBroken } from "./broken.ts";
import { resultText, streamText, TestKernel } from "./client.ts";

// A kernel that shares a busy machine may take long to start; what these ask is whether, not when.
vi.setConfig({ testTimeout: 180_000 });

test("2,000 broken messages are dropped and counted, and the kernel goes on as before", async () => {
  const kernel = await TestKernel.start();
  try {
    for (const port of [kernel.connection.shell_port, kernel.connection.iopub_port]) {
      const noise = connect(port, kernel.connection.ip);
      noise.on("error", () => undefined);
      noise.write(Buffer.alloc(4096, "GET / HTTP/1.1\r\n"));
      noise.end();
    }
    const reasons = await sendBroken(kernel, 2000, 1);
    const ran = await kernel.execute("'alive'");
    expect(resultText(ran)).toBe("'alive'");
    // No broken message on stdin or control is answered either: those are read in the order they came.
    await kernel.request("control", "kernel_info_request");
    expect(ran.reply.content.execution_count).toBe(1);
    expect(kernel.iopub.all.map((message) => JSON.stringify(message.content)).join()).not.toContain(
      "broken in",
    );
    expect(kernel.inboxes.shell.all.map(({ header }) => header.msg_type)).toEqual([
      "comm_info_reply",
      "execute_reply",
    ]);
    expect(kernel.inboxes.control.all.map(({ header }) => header.msg_type)).toEqual(["kernel_info_reply"]);
    for (const reason of reasons) expect(kernel.log).toContain(reason);
    expect(kernel.log).toContain("(100 times by now)");
    expect(kernel.log.split("\n").length).toBeLessThan(300);
  } finally {
    await kernel.stop();
  }
});

test("what is dropped is counted by channel and reason, and said less and less often", () => {
  const said: string[] = [];
  const dropped = new Dropped((message) => said.push(message));
  for (let i = 0; i < 1000; i++) dropped.count("shell", "no delimiter");
  dropped.count("control", "no delimiter");
  expect(said.slice(0, 5)).toEqual(Array(5).fill("dropped a message on shell: no delimiter"));
  expect(said.slice(5)).toEqual([
    ...[10, 100, 1000].map((count) => `dropped a message on shell: no delimiter (${count} times by now)`),
    "dropped a message on control: no delimiter",
  ]);
});

describe.skipIf(process.platform === "win32")("a connection file", () => {
  const fields = {
    ip: "127.0.0.1",
    key: "k",
    shell_port: 1,
    control_port: 2,
    stdin_port: 3,
    iopub_port: 4,
    hb_port: 5,
  };

  test("of its owner alone is nothing to speak of; what others may read is", () => {
    const folder = temporaryFolder("file");
    const file = join(folder.path, "connection.json");
    writeFileSync(file, "{}", { mode: 0o600 });
    const connection = parseConnection(fields, file);
    expect(exposures(file, connection)).toEqual([]);
    chmodSync(file, 0o644);
    expect(exposures(file, connection)).toEqual([expect.stringContaining("mode 644")]);
    folder.remove();
  });

  test("without a key is one only where others cannot reach the sockets", () => {
    const folder = temporaryFolder("file");
    const file = join(folder.path, "connection.json");
    writeFileSync(file, "{}", { mode: 0o600 });
    const open = (ip: string) => exposures(file, parseConnection({ ...fields, key: "", ip }, file));
    expect(open("127.0.0.1")).toEqual([]);
    expect(open("0.0.0.0")).toEqual([expect.stringContaining("no key")]);
    folder.remove();
  });

  test("that others may read is complained of in the log, and the kernel works", async () => {
    const kernel = await TestKernel.start({ connectionMode: 0o644 });
    try {
      expect(resultText(await kernel.execute("1 + 1"))).toBe("2");
      expect(kernel.log).toContain("chmod 600");
    } finally {
      await kernel.stop();
    }
  });
});

describe("on the network", () => {
  test.skipIf(!canList)("it listens at the five ports of the connection file and nowhere else", async () => {
    const kernel = await TestKernel.start();
    try {
      await kernel.execute("1");
      const { connection, process: child } = kernel;
      const ports = ["shell_port", "control_port", "stdin_port", "iopub_port", "hb_port"] as const;
      const told = ports.map((name) => `127.0.0.1:${connection[name]}`);
      expect(listeners(child.pid!).toSorted()).toEqual(told.toSorted());
      expect(kernel.log).toBe("");
    } finally {
      await kernel.stop();
    }
  });

  test.skipIf(!canList)(
    "it listens at no port where the connection file asks for sockets of files",
    async () => {
      const kernel = await TestKernel.start({ transport: "ipc" });
      try {
        expect(resultText(await kernel.execute("1 + 1"))).toBe("2");
        expect(await kernel.heartbeat("ping")).toBe("ping");
        expect(listeners(kernel.process.pid!)).toEqual([]);
      } finally {
        await kernel.stop();
      }
    },
  );

  test("it calls nobody unless a cell asks for it", async () => {
    const folder = temporaryFolder("calls");
    const calls = join(folder.path, "calls.txt");
    const recorder = join(folder.path, "recorder.cjs");
    writeFileSync(calls, "");
    writeFileSync(recorder, recorderOf(calls));
    const kernel = await TestKernel.start({ env: { NODE_OPTIONS: `--require ${recorder}` } });
    const server = createServer((_request, response) => response.end("asked for"));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      await kernel.execute(
        `const model = nn.sequential(nn.linear(2, 1)), optimizer = optim.sgd(model.parameters(), { lr: 0.1 });
        for (let i = 0; i < 3; i++) { nn.mseLoss(model(randn([4, 2])), zeros([4, 1])).backward(); optimizer.step(); }
        show.architecture(model, [4, 2])`,
      );
      await kernel.request("shell", "complete_request", { code: "nn.", cursor_pos: 3 });
      await kernel.request("shell", "inspect_request", { code: "nn", cursor_pos: 2 });
      expect(readFileSync(calls, "utf8")).toBe("");
      const { port } = server.address() as { port: number };
      const ran = await kernel.execute(`console.log(await (await fetch("http://127.0.0.1:${port}")).text())`);
      expect(streamText(ran)).toBe("asked for\n");
      expect(readFileSync(calls, "utf8")).toContain("connect");
    } finally {
      server.close();
      await kernel.stop();
      folder.remove();
    }
  });
});

/** A module that every thread of the kernel loads first; it writes down who is called. Pipes are no network. */
function recorderOf(file: string): string {
  return `const { appendFileSync } = require("node:fs");
  const record = (owner, name) => {
    const { [name]: real } = owner;
    owner[name] = function (...args) {
      const [first] = args;
      if (!(typeof first === "string" && first.startsWith("/")) && !first?.path)
        appendFileSync(${JSON.stringify(file)}, name + " " + new Error().stack + "\\n");
      return real.apply(this, args);
    };
  };
  record(require("node:net").Socket.prototype, "connect");
  record(require("node:dgram").Socket.prototype, "send");
  record(require("node:dns"), "lookup");`;
}
