/** `interact`: controls over comms, and the picture that they draw anew. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Message } from "../../kernel/protocol/wire.ts";
import { TestKernel } from "./client.ts";

let kernel: TestKernel;
beforeAll(async () => {
  kernel = await TestKernel.start();
}, 60_000);
afterAll(() => kernel.stop());

type Opened = { comm_id: string; data: { state: Record<string, unknown> } };

/** Runs a cell, in front of somebody unless told; its controls by the kind of widget, and its two outputs. */
async function run(code: string, allow_stdin = true) {
  const { reply, published } = await kernel.execute(code, { allow_stdin });
  const of = (type: string) => published.filter(({ header }) => header.msg_type === type);
  const opened = of("comm_open").map(({ content }) => content as unknown as Opened);
  const widget = (kind: string) => opened.find(({ data }) => data.state._model_name === `${kind}Model`)!;
  const outputs = of("display_data").map(
    ({ content }) => content as { data: Record<string, unknown>; transient: { display_id: string } },
  );
  return { reply, opened, widget, outputs };
}

/** Moves a control, as the front end tells of it; what was published for it. */
async function move(comm: Opened, state: Record<string, unknown>, method = "update"): Promise<Message[]> {
  const id = await kernel.send("shell", "comm_msg", { comm_id: comm.comm_id, data: { method, state } });
  const mine = ({ parentHeader }: Message) => parentHeader.msg_id === id;
  await kernel.iopub.find("idle", (message) => mine(message) && message.content.execution_state === "idle");
  return kernel.iopub.all.filter(mine);
}

const shown = (messages: Message[]) =>
  messages
    .filter(({ header }) => header.msg_type === "update_display_data")
    .map(({ content }) => (content.data as Record<string, unknown>)["text/plain"]);

describe("interact", () => {
  test("shows a slider, a menu and a tick box in one box, and below them what is drawn of their values", async () => {
    const { opened, widget, outputs } = await run(
      'interact({ rate: [0, 1], count: [1, 9, 2], kind: ["a", "b"], on: true }, (values) => JSON.stringify(values))',
    );
    expect(widget("FloatSlider").data.state).toMatchObject({
      description: "rate",
      min: 0,
      max: 1,
      value: 0.5,
    });
    expect(widget("IntSlider").data.state).toMatchObject({ min: 1, max: 9, step: 2, value: 5 });
    expect(widget("Dropdown").data.state).toMatchObject({ _options_labels: ["a", "b"], index: 0 });
    expect(widget("Checkbox").data.state).toMatchObject({ value: true });
    const children = widget("VBox").data.state.children as string[];
    expect(children).toEqual(opened.slice(0, 4).map(({ comm_id }) => `IPY_MODEL_${comm_id}`));
    expect(outputs[0]!.data).toEqual({
      "application/vnd.jupyter.widget-view+json": {
        version_major: 2,
        version_minor: 0,
        model_id: widget("VBox").comm_id,
      },
      "text/plain": "rate: 0.5, count: 5, kind: a, on: true",
    });
    expect(outputs[1]!.data["text/plain"]).toContain('{"rate":0.5,"count":5,"kind":"a","on":true}');
  });

  test("shows values and picture alone to a client that can ask nobody, so that exported pages have no dead controls", async () => {
    const { reply, opened, outputs } = await run(
      'interact({ n: [1, 3], run: { play: 4 }, word: ["x", "y"] }, ({ n, run, word }) => word.repeat(n) + run)',
      false,
    );
    expect(reply.content.status).toBe("ok");
    expect(opened).toEqual([]);
    expect(outputs.map(({ data }) => data)).toEqual([
      { "text/plain": "n: 2, run: 0, word: x" },
      { "text/plain": "'xx0'" },
    ]);
  });

  test("draws anew in the same place when a control is moved, with what the others have", async () => {
    const { widget, outputs } = await run(
      'interact({ n: [0, 10], word: ["x", "y"] }, ({ n, word }) => word.repeat(n))',
    );
    const messages = await move(widget("IntSlider"), { value: 3 });
    expect(shown(messages)).toEqual(["'xxx'"]);
    const update = messages.find(({ header }) => header.msg_type === "update_display_data")!;
    expect(update.content.transient).toEqual(outputs[1]!.transient);
    expect(shown(await move(widget("Dropdown"), { index: 1 }))).toEqual(["'yyy'"]);
  });

  test("plays: the front end moves the slider, which draws", async () => {
    const { widget } = await run(
      "interact({ step: { play: 4, secondsPerStep: 0.25 } }, ({ step }) => step * 100)",
    );
    expect(widget("Play").data.state).toMatchObject({ min: 0, max: 3, interval: 250 });
    const link = widget("Link").data.state;
    expect(link.source).toEqual([`IPY_MODEL_${widget("Play").comm_id}`, "value"]);
    expect(link.target).toEqual([`IPY_MODEL_${widget("IntSlider").comm_id}`, "value"]);
    expect(shown(await move(widget("IntSlider"), { value: 3 }))).toEqual(["300"]);
  });

  test("tells a page that was loaded anew how the controls stand", async () => {
    const { widget } = await run("interact({ n: [0, 10] }, ({ n }) => n)");
    await move(widget("IntSlider"), { value: 7 });
    const answers = await move(widget("IntSlider"), {}, "request_state");
    const { content } = answers.find(({ header }) => header.msg_type === "comm_msg")!;
    expect(content.data).toMatchObject({ method: "update", state: { value: 7, max: 10 } });
  });

  test("says in the picture's place what goes wrong later, and goes on", async () => {
    const { widget } = await run(
      'interact({ n: [0, 4] }, ({ n }) => { if (n === 3) throw new RangeError("three"); return n; })',
    );
    expect(shown(await move(widget("IntSlider"), { value: 3 }))).toEqual(["RangeError: three"]);
    expect(shown(await move(widget("IntSlider"), { value: 4 }))).toEqual(["4"]);
  });

  test.each([
    ["interact({ n: [3, 1] }, () => 0)", "RangeError", "low < high"],
    ["interact({ n: [] as [], }, () => 0)", "TypeError", "n must be [low, high]"],
    ["interact({ n: [1, 2, 0] }, () => 0)", "RangeError", "a step above 0"],
    ["interact({ n: { play: 0 } }, () => 0)", "RangeError", "a whole number of steps from 1"],
    ["interact({}, () => 0)", "TypeError", "expected controls"],
    ["interact({ n: [0, 1] }, null as never)", "TypeError", "a function that draws"],
    ["interact({ n: [0, 1] }, () => { throw new Error('mine') })", "Error", "mine"],
  ])("refuses %s and shows nothing", async (code, name, message) => {
    const { reply, outputs, opened } = await run(code);
    expect(reply.content).toMatchObject({ status: "error", ename: name });
    expect(reply.content.evalue).toContain(message);
    expect(outputs).toEqual([]);
    const info = await kernel.request("shell", "comm_info_request", { target_name: "jupyter.widget" });
    const open = Object.keys(info.reply.content.comms as object);
    expect(open.filter((id) => opened.some(({ comm_id }) => comm_id === id))).toEqual([]);
  });
});
