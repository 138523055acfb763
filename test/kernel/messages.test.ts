/** The messaging specification, 5.4 with what 5.5 adds, line by line: every request and its reply, every message of IOPub. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Header, Message } from "../../kernel/protocol/wire.ts";
import packageJson from "../../package.json" with { type: "json" };
import { type Channel, TestKernel } from "./client.ts";

type Content = Record<string, unknown>;

let kernel: TestKernel;
beforeAll(async () => {
  kernel = await TestKernel.start();
  // What histories, completions and comms below speak of.
  await kernel.execute("const pixels = [0, 128, 255]", {}, 60_000);
  await kernel.execute("pixels.length");
}, 90_000);
afterAll(() => kernel?.stop());

const text = expect.any(String);
const count = expect.any(Number);
const failure = (evalue: string, ename = "RequestError") => ({
  status: "error",
  ename,
  evalue: expect.stringContaining(evalue),
  traceback: expect.arrayContaining([expect.stringContaining(ename)]),
});

/** Sends a request with every field that a header may have, those of later versions too. */
async function ask(channel: Channel, type: string, content: Content): Promise<Header> {
  const header = {
    msg_id: crypto.randomUUID(),
    msg_type: type,
    session: "a client's",
    username: "student",
    date: new Date().toISOString(),
    version: "5.5",
    subshell_id: null,
    of_a_later_version: { kept: true },
  };
  const parts = [header, {}, { deletedCells: [] }, content].map((part) => Buffer.from(JSON.stringify(part)));
  const signature = Buffer.from(kernel.signer.sign(parts));
  await kernel.sendFrames(channel, [Buffer.from("<IDS|MSG>"), signature, ...parts]);
  return header;
}

/** Busy came first and idle last, each once, and all that was published between has the request as its parent. */
function expectBusyAndIdle(header: Header): void {
  const published = kernel.published(header.msg_id);
  for (const { parentHeader } of published) expect(parentHeader).toEqual(header);
  const states = published.flatMap((message, index) =>
    message.header.msg_type === "status" ? [[index, message.content]] : [],
  );
  expect(states).toEqual([
    [0, { execution_state: "busy" }],
    [published.length - 1, { execution_state: "idle" }],
  ]);
}

function expectHeader({ header }: Message, type: string): void {
  expect(header).toEqual({
    msg_id: text,
    msg_type: type,
    session: kernel.iopub.all[0]?.header.session,
    username: "kernel",
    date: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    version: "5.4",
  });
}

const cell = { silent: false, store_history: true, allow_stdin: false, stop_on_error: false };
const noSubshells = failure("this kernel has no subshells");

/** What is asked, and the whole content of the reply. */
const requests: [type: string, content: Content, reply: Content | (() => Content)][] = [
  [
    "kernel_info_request",
    {},
    {
      status: "ok",
      protocol_version: "5.4",
      implementation: "nnlab",
      implementation_version: packageJson.version,
      language_info: {
        name: "typescript",
        version: expect.stringMatching(/^5\.\d+\.\d+$/),
        mimetype: "text/typescript",
        file_extension: ".ts",
        pygments_lexer: "typescript",
        codemirror_mode: "typescript",
        nbconvert_exporter: "script",
      },
      banner: text,
      help_links: expect.arrayContaining([{ text, url: expect.stringMatching(/^https:/) }]),
      debugger: false,
      supported_features: [],
    },
  ],
  [
    "connect_request",
    {},
    () => {
      const { shell_port, iopub_port, stdin_port, control_port, hb_port } = kernel.connection;
      return { status: "ok", shell_port, iopub_port, stdin_port, control_port, hb_port };
    },
  ],
  [
    "execute_request",
    { ...cell, code: "pixels[1]", user_expressions: { two: "1 + 1", none: "missing" } },
    {
      status: "ok",
      execution_count: count,
      payload: [],
      user_expressions: {
        two: { status: "ok", data: { "text/plain": "2" }, metadata: {} },
        none: failure("missing is not defined", "ReferenceError"),
      },
    },
  ],
  [
    "execute_request",
    { code: "" },
    { status: "ok", execution_count: count, payload: [], user_expressions: {} },
  ],
  [
    "execute_request",
    { ...cell, code: "throw new RangeError('too far')" },
    { ...failure("too far", "RangeError"), execution_count: count, payload: [], user_expressions: {} },
  ],
  [
    "execute_request",
    { ...cell, code: 5 },
    { ...failure("execute_request: code must be a string, got 5"), execution_count: count },
  ],
  [
    "complete_request",
    { code: "'🎓'; pixels.fin", cursor_pos: 15 },
    {
      status: "ok",
      matches: expect.arrayContaining(["find", "findIndex"]),
      cursor_start: 12,
      cursor_end: 15,
      metadata: {
        _jupyter_types_experimental: expect.arrayContaining([
          expect.objectContaining({ text: "find", type: text, start: 12, end: 15 }),
        ]),
      },
    },
  ],
  ["complete_request", { cursor_pos: 1 }, failure("complete_request: code must be a string, got nothing")],
  [
    "complete_request",
    { code: "a", cursor_pos: -1 },
    failure("cursor_pos must be a count of characters, got -1"),
  ],
  [
    "inspect_request",
    { code: "pixels", cursor_pos: 2, detail_level: 0 },
    {
      status: "ok",
      found: true,
      data: { "text/plain": expect.stringContaining("number[]"), "text/markdown": text },
      metadata: {},
    },
  ],
  [
    "inspect_request",
    { code: "1 + 1", cursor_pos: 2, detail_level: 1 },
    { status: "ok", found: false, data: {}, metadata: {} },
  ],
  ["inspect_request", { code: null }, failure("inspect_request: code must be a string, got null")],
  ["is_complete_request", { code: "const a = 1" }, { status: "complete" }],
  ["is_complete_request", { code: "function f() {" }, { status: "incomplete", indent: text }],
  ["is_complete_request", { code: "const = 5;" }, { status: "invalid" }],
  ["is_complete_request", {}, failure("is_complete_request: code must be a string, got nothing")],
  [
    "history_request",
    { hist_access_type: "range", raw: true, output: true, session: 0, start: 1, stop: 3 },
    {
      status: "ok",
      history: [
        [1, 1, ["const pixels = [0, 128, 255]", null]],
        [1, 2, ["pixels.length", "3"]],
      ],
    },
  ],
  [
    "history_request",
    { hist_access_type: "search", raw: true, output: false, n: 1, pattern: "pixels.l*", unique: true },
    { status: "ok", history: [[1, 2, "pixels.length"]] },
  ],
  [
    "history_request",
    { hist_access_type: "tail", raw: false, output: false, n: 1 },
    { status: "ok", history: [[1, count, text]] },
  ],
  ["history_request", { hist_access_type: "all" }, failure('must be "tail", "range" or "search", got "all"')],
  ["comm_info_request", {}, { status: "ok", comms: {} }],
  ["interrupt_request", {}, { status: "ok" }],
  [
    "debug_request",
    { type: "request", seq: 7, command: "debugInfo" },
    {
      status: "error",
      ename: "RequestError",
      evalue: expect.stringContaining("this kernel has no debugger"),
      traceback: [],
      type: "response",
      request_seq: 7,
      success: false,
      command: "debugInfo",
      message: expect.stringContaining("this kernel has no debugger"),
    },
  ],
  ["create_subshell_request", {}, noSubshells],
  ["delete_subshell_request", { subshell_id: "1" }, noSubshells],
  ["list_subshell_request", {}, noSubshells],
];

describe.each<Channel>(["shell", "control"])("on %s", (channel) => {
  test.each(requests)("%s %j is answered in full, between busy and idle", async (type, content, expected) => {
    const header = await ask(channel, type, content);
    const reply = await kernel.reply(channel, header.msg_id);
    await kernel.idle(header.msg_id);
    expectHeader(reply, type.replace("_request", "_reply"));
    expect(reply.parentHeader).toEqual(header);
    expect(reply.content).toEqual(typeof expected === "function" ? expected() : expected);
    expectBusyAndIdle(header);
  });

  test.each([
    ["make_coffee_request", {}],
    ["comm_msg", { comm_id: "of a kernel before this", data: {} }],
    ["comm_close", { comm_id: "of a kernel before this", data: {} }],
  ])(
    "%s that nobody can handle is logged, between busy and idle, and has no reply",
    async (type, content) => {
      const header = await ask(channel, type, content);
      await kernel.idle(header.msg_id);
      expectBusyAndIdle(header);
      expect(kernel.published(header.msg_id)).toHaveLength(2);
      await kernel.request(channel, "kernel_info_request");
      expect(
        kernel.inboxes[channel].all.filter(({ parentHeader }) => parentHeader.msg_id === header.msg_id),
      ).toEqual([]);
      await expect
        .poll(() => kernel.log)
        .toContain(type === "make_coffee_request" ? type : `${type} for a comm that is not open`);
    },
  );

  test("comms of the front end: to a target that nobody knows they are closed at once", async () => {
    const header = await ask(channel, "comm_open", { comm_id: "c1", target_name: "nobody's", data: {} });
    await kernel.idle(header.msg_id);
    expectBusyAndIdle(header);
    const closed = kernel.published(header.msg_id)[1];
    expect(closed?.header.msg_type).toBe("comm_close");
    expect(closed?.content).toEqual({ comm_id: "c1", data: {} });
    expect((await kernel.request(channel, "comm_info_request")).reply.content.comms).toEqual({});
  });

  test("comms of the kernel: listed by target, answered between busy and idle, gone when closed", async () => {
    const { published } = await kernel.execute("interact({ n: [0, 9] }, ({ n }) => n)", {
      // Controls are for clients in which somebody can move them.
      allow_stdin: true,
    });
    const slider = published.find(({ content }) =>
      JSON.stringify(content).includes("IntSliderModel"),
    )?.content;
    expect(slider).toEqual({
      comm_id: text,
      target_name: "jupyter.widget",
      data: { state: expect.objectContaining({ min: 0, max: 9 }), buffer_paths: [] },
    });
    const id = String(slider?.comm_id);
    const open = async (target_name?: string) => {
      const { reply } = await kernel.request(channel, "comm_info_request", { target_name });
      return reply.content.comms;
    };
    expect(await open()).toMatchObject({ [id]: { target_name: "jupyter.widget" } });
    expect(await open("jupyter.widget")).toEqual(await open());
    expect(await open("another")).toEqual({});

    const moved = await ask(channel, "comm_msg", {
      comm_id: id,
      data: { method: "update", state: { value: 3 } },
    });
    await kernel.idle(moved.msg_id);
    expectBusyAndIdle(moved);
    expect(kernel.published(moved.msg_id).map(({ header }) => header.msg_type)).toContain(
      "update_display_data",
    );
    for (const comm_id of Object.keys((await open()) as object)) {
      const closed = await ask(channel, "comm_close", { comm_id, data: {} });
      await kernel.idle(closed.msg_id);
      expectBusyAndIdle(closed);
    }
    expect(await open()).toEqual({});
  });
});

test("every message of the kernel has an id of its own", () => {
  const all = [kernel.iopub, ...Object.values(kernel.inboxes)].flatMap((inbox) => inbox.all);
  expect(all.length).toBeGreaterThan(100);
  expect(new Set(all.map(({ header }) => header.msg_id)).size).toBe(all.length);
});

describe("what a cell publishes", () => {
  const shown = { data: { "text/plain": "[ 1, 2 ]" }, metadata: {}, transient: { display_id: "d" } };
  test.each<[what: string, code: string, messages: [type: string, content: Content][]]>([
    ["stdout", "console.log('a', 1)", [["stream", { name: "stdout", text: "a 1\n" }]]],
    ["stderr", "console.error('b')", [["stream", { name: "stderr", text: "b\n" }]]],
    [
      "a result",
      "[1, 2]",
      [["execute_result", { execution_count: count, data: { "text/plain": "[ 1, 2 ]" }, metadata: {} }]],
    ],
    [
      "displays and updates",
      "display([1, 2], { id: 'd' }).update('later')",
      [
        ["display_data", shown],
        ["update_display_data", { ...shown, data: { "text/plain": "'later'" } }],
      ],
    ],
    [
      "clear_output",
      "clearOutput(); clearOutput({ wait: true })",
      [
        ["clear_output", { wait: false }],
        ["clear_output", { wait: true }],
      ],
    ],
    [
      "an error",
      "throw new TypeError('wrong')",
      [["error", { ename: "TypeError", evalue: "wrong", traceback: expect.arrayContaining([text]) }]],
    ],
  ])("%s: %s", async (_what, code, messages) => {
    const header = await ask("shell", "execute_request", { ...cell, code });
    const reply = await kernel.reply("shell", header.msg_id);
    await kernel.idle(header.msg_id);
    expectBusyAndIdle(header);
    const published = kernel.published(header.msg_id);
    for (const message of published) expectHeader(message, message.header.msg_type);
    expect(published.slice(1, -1).map((message) => [message.header.msg_type, message.content])).toEqual([
      ["execute_input", { code, execution_count: reply.content.execution_count }],
      ...messages,
    ]);
  });

  test("nothing, where it is silent: no count, no history, no result; only busy and idle", async () => {
    const before = (await kernel.execute("0")).reply.content.execution_count;
    const code = "console.log('unheard'); display(1); 2";
    const silent = await ask("shell", "execute_request", {
      ...cell,
      code,
      silent: true,
      store_history: true,
    });
    const reply = await kernel.reply("shell", silent.msg_id);
    expect(reply.content).toMatchObject({ status: "ok", execution_count: before });
    await kernel.idle(silent.msg_id);
    expect(kernel.published(silent.msg_id)).toHaveLength(2);
    const tail = await kernel.request("shell", "history_request", { hist_access_type: "tail", n: 1 });
    expect(tail.reply.content.history).toEqual([[1, before, "0"]]);
  });

  test("without store_history: everything but a count and a line of history", async () => {
    const before = (await kernel.execute("1")).reply.content.execution_count;
    const { reply, published } = await kernel.execute("'seen'", { store_history: false });
    expect(reply.content.execution_count).toBe(before);
    expect(published.map(({ header }) => header.msg_type)).toContain("execute_result");
    const tail = await kernel.request("shell", "history_request", { hist_access_type: "tail", n: 1 });
    expect(tail.reply.content.history).toEqual([[1, before, "1"]]);
  });

  test("input_request on stdin, with the cell as its parent, for a text and for a password", async () => {
    const code = "[prompt('Name?'), getpass('Word?')]";
    const header = await ask("shell", "execute_request", { ...cell, code, allow_stdin: true });
    const { stdin } = kernel.inboxes;
    const asked = [
      { prompt: "Name? ", password: false },
      { prompt: "Word?", password: true },
    ];
    for (const [index, content] of asked.entries()) {
      const mine = (): Message[] =>
        stdin.all.filter(({ parentHeader }) => parentHeader.msg_id === header.msg_id);
      await stdin.find("input_request", () => mine().length > index);
      const request = mine()[index] as Message;
      expectHeader(request, "input_request");
      expect(request.parentHeader).toEqual(header);
      expect(request.content).toEqual(content);
      await kernel.send("stdin", "input_reply", { value: `answer ${index}` }, request.header);
    }
    await kernel.idle(header.msg_id);
    const result = kernel.published(header.msg_id).find((m) => m.header.msg_type === "execute_result");
    expect(result?.content.data).toEqual({ "text/plain": "[ 'answer 0', 'answer 1' ]" });
  });
});

test("a subscription is welcomed, without a parent", () => {
  const welcome = kernel.iopub.all.find(({ header }) => header.msg_type === "iopub_welcome") as Message;
  expectHeader(welcome, "iopub_welcome");
  expect(welcome.content).toEqual({ subscription: "" });
  expect(welcome.parentHeader).toEqual({});
});

test("the heartbeat comes back as it was sent", async () => {
  expect(await kernel.heartbeat("still there?")).toBe("still there?");
});
