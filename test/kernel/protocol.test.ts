/** The parts of the protocol thread that need no socket. */
import { describe, expect, test, vi } from "vitest";
import { AbortRule } from "../../kernel/protocol/abort.ts";
import { address, parseConnection } from "../../kernel/protocol/connection.ts";
import { History } from "../../kernel/protocol/history.ts";
import { Outbox } from "../../kernel/protocol/sockets.ts";
import { Streams } from "../../kernel/protocol/streams.ts";

describe("connection file", () => {
  const fields = {
    transport: "tcp",
    ip: "127.0.0.1",
    shell_port: 1,
    control_port: 2,
    stdin_port: 3,
    iopub_port: 4,
    hb_port: 5,
    key: "k",
    signature_scheme: "hmac-sha512",
  };

  test("says where to bind", () => {
    const connection = parseConnection(fields, "c.json");
    expect(connection.digest).toBe("sha512");
    expect(address(connection, "iopub_port")).toBe("tcp://127.0.0.1:4");
    expect(address({ ...connection, ip: "::1" }, "hb_port")).toBe("tcp://[::1]:5");
    expect(address({ ...connection, transport: "ipc", ip: "/run/k" }, "hb_port")).toBe("ipc:///run/k-5");
  });

  test.each([
    [{ shell_port: "1" }, "shell_port"],
    [{ hb_port: 0 }, "hb_port"],
    [{ ip: "" }, "ip"],
    [{ key: undefined }, "key"],
    [{ transport: "udp" }, "transport"],
    [{ signature_scheme: "md5" }, "signature_scheme"],
  ])("%j is an error that names the field and the file", (wrong, name) => {
    expect(() => parseConnection({ ...fields, ...wrong }, "c.json")).toThrow(`c.json: ${name} must be`);
  });
});

describe("history", () => {
  const history = new History();
  for (const [line, input] of ["let a = 1", "a + 1", "a + 1", "b*c"].entries()) history.add(line + 1, input);
  history.setOutput(2, "2");
  const inputs = (request: Record<string, unknown>) => history.answer(request).map((entry) => entry[2]);

  test("tail", () => {
    expect(inputs({ hist_access_type: "tail", n: 2 })).toEqual(["a + 1", "b*c"]);
    expect(inputs({ hist_access_type: "tail", n: 0 })).toEqual([]);
    expect(inputs({ hist_access_type: "tail", n: 99 })).toHaveLength(4);
  });

  test("range, of this session only", () => {
    expect(history.answer({ hist_access_type: "range", session: 0, start: 2, stop: 3 })).toEqual([
      [1, 2, "a + 1"],
    ]);
    expect(inputs({ hist_access_type: "range", session: 1, start: 3 })).toEqual(["a + 1", "b*c"]);
    expect(inputs({ hist_access_type: "range", session: -1, start: 1 })).toEqual([]);
    // As IPython: lines below 0 count from the end, and neither 0 nor null stops.
    expect(inputs({ hist_access_type: "range", start: -2, stop: 0 })).toEqual(["a + 1", "b*c"]);
    expect(inputs({ hist_access_type: "range", start: -3, stop: -1 })).toEqual(["a + 1", "a + 1"]);
    expect(inputs({ hist_access_type: "range", start: 4, stop: null })).toEqual(["b*c"]);
  });

  test("search by glob", () => {
    expect(inputs({ hist_access_type: "search", pattern: "a*" })).toEqual(["a + 1", "a + 1"]);
    expect(inputs({ hist_access_type: "search", pattern: "a*", unique: true })).toEqual(["a + 1"]);
    expect(inputs({ hist_access_type: "search", pattern: "b?c" })).toEqual(["b*c"]);
    expect(inputs({ hist_access_type: "search", pattern: "(" })).toEqual([]);
    expect(inputs({ hist_access_type: "search", pattern: "[bx][*]?" })).toEqual(["b*c"]);
    expect(inputs({ hist_access_type: "search", pattern: "[^a-l]*" })).toEqual([]);
    expect(inputs({ hist_access_type: "search", pattern: "*", n: 1 })).toEqual(["b*c"]);
  });

  test("another way is an error that says which there are", () => {
    expect(() => history.answer({ hist_access_type: "head" })).toThrow(
      '"tail", "range" or "search", got "head"',
    );
    expect(() => history.answer({})).toThrow("got nothing");
  });

  test("with outputs", () => {
    expect(history.answer({ hist_access_type: "range", start: 2, stop: 4, output: true })).toEqual([
      [1, 2, ["a + 1", "2"]],
      [1, 3, ["a + 1", null]],
    ]);
  });
});

describe("streams", () => {
  test("gather what comes together, and keep the order of cells and of stdout and stderr", () => {
    vi.useFakeTimers();
    const published: unknown[] = [];
    const streams = new Streams<string>((...message) => published.push(message));
    streams.write("cell 1", "stdout", "a");
    streams.write("cell 1", "stdout", "b");
    streams.write("cell 1", "stderr", "c");
    streams.write("cell 2", "stderr", "d");
    expect(published).toEqual([
      ["cell 1", "stdout", "ab"],
      ["cell 1", "stderr", "c"],
    ]);
    vi.advanceTimersByTime(25);
    expect(published.at(-1)).toEqual(["cell 2", "stderr", "d"]);
    streams.flush();
    expect(published).toHaveLength(3);
    vi.useRealTimers();
  });
});

test("an outbox sends one message after the other, and goes on after one that fails", async () => {
  let sending = 0;
  const sent: string[] = [];
  const failures: unknown[] = [];
  const outbox = new Outbox(
    async ([frame]) => {
      expect(++sending).toBe(1);
      await new Promise((resolve) => setImmediate(resolve));
      sending--;
      const text = String(Buffer.from(frame ?? []));
      if (text === "3") throw new Error("unreachable");
      sent.push(text);
    },
    (error) => failures.push(error),
  );
  const texts = Array.from({ length: 50 }, (_, index) => String(index));
  for (const text of texts) outbox.push([Buffer.from(text)]);
  await outbox.drained();
  expect(sent).toEqual(texts.filter((text) => text !== "3"));
  expect(failures).toHaveLength(1);
});

describe("stop_on_error", () => {
  const header = (milliseconds: number, session = "s") => ({
    msg_id: "",
    msg_type: "execute_request",
    username: "",
    version: "5.4",
    session,
    date: new Date(1_000_000 + milliseconds).toISOString(),
  });
  const rule = new AbortRule();
  rule.failed(header(0), 40);

  test("stops what was sent before the error could be known", () => {
    expect(rule.applies(header(0))).toBe(true);
    expect(rule.applies(header(30))).toBe(true);
  });

  test("does not stop what was sent later, earlier, or by somebody else", () => {
    expect(rule.applies(header(39))).toBe(false);
    expect(rule.applies(header(-1))).toBe(false);
    expect(rule.applies(header(1, "another"))).toBe(false);
    expect(rule.applies({ ...header(1), date: "" })).toBe(false);
  });
});
