/** Controls that are moved while a cell runs: they answer where the cell awaits, and nothing of either gets mixed up. */
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { Message } from "../../kernel/protocol/wire.ts";
import { resultText, streamText, TestKernel } from "./client.ts";

let kernel: TestKernel;
/** Of the slider. */
let comm: string;
beforeAll(async () => {
  kernel = await TestKernel.start();
}, 60_000);
beforeEach(async () => {
  comm = await slider("console.log('moved to', n, typeof marker); moved.push(n); act(n); return n");
});
afterAll(() => kernel.stop());

/** Shows a slider that `body` draws for. */
async function slider(body: string): Promise<string> {
  const code = `
var marker = 0, moved: number[] = [], act: (n: number) => void = () => undefined, go: () => void = () => undefined;
interact({ n: [0, 99] }, ({ n }) => { ${body} });
moved.length = 0;`;
  const { published } = await kernel.execute(code, { allow_stdin: true });
  const opened = published.find(({ content }) => JSON.stringify(content).includes("IntSliderModel"));
  return String(opened?.content.comm_id);
}

const move = (value: number): Promise<string> =>
  kernel.send("shell", "comm_msg", { comm_id: comm, data: { method: "update", state: { value } } });

const printed = (id: string): string => streamText({ published: kernel.published(id) });

/** The states that were published since the message `first`, with whose they are. */
function states(first: number, names: Record<string, string>): string[] {
  return kernel.iopub.all
    .slice(first)
    .filter(({ header }) => header.msg_type === "status")
    .map(
      ({ parentHeader, content }) => `${names[parentHeader.msg_id ?? ""] ?? "?"} ${content.execution_state}`,
    );
}

/** Goes on when the slider is moved to 50. */
const waiting =
  "act = (n) => { if (n === 50) go(); };\nconsole.log('waiting');\nawait new Promise<void>((resolve) => { go = resolve; });\n";

test("a cell awaits: what is moved is drawn at once, under its own message, and the cell goes on", async () => {
  const cell = await kernel.submit(`${waiting}console.log('gone on');\nmoved.join()`);
  await kernel.output(cell, "waiting");
  const first = kernel.iopub.all.length;
  const moves = [await move(3), await move(4)];
  await Promise.all(moves.map((id) => kernel.idle(id)));
  expect(moves.map(printed)).toEqual(["moved to 3 number\n", "moved to 4 number\n"]);
  for (const id of moves) {
    const types = kernel.published(id).map(({ header }) => header.msg_type);
    expect(types).toEqual(["status", "stream", "update_display_data", "status"]);
  }
  const [a = "", b = ""] = moves;
  const seen = states(first, { [cell]: "cell", [a]: "a", [b]: "b" });
  expect(seen).not.toContain("cell idle");
  expect(seen.indexOf("a idle")).toBeLessThan(seen.indexOf("b idle"));

  const last = await move(50);
  const ran = await kernel.finish("shell", cell);
  expect(streamText(ran)).toBe("waiting\ngone on\n");
  expect(resultText(ran)).toMatch(/3,4,50/);
  await kernel.idle(last);
});

test("front ends show the latest state: after what is moved, the cell is busy again", async () => {
  const cell = await kernel.submit(waiting);
  await kernel.output(cell, "waiting");
  const moved = await move(7);
  const idle = await kernel.idle(moved);
  const isAfter = (message: Message): boolean =>
    message.header.msg_type === "status" &&
    kernel.iopub.all.indexOf(message) > kernel.iopub.all.indexOf(idle);
  const next = await kernel.iopub.find("the next state", isAfter);
  expect([next.parentHeader.msg_id, next.content.execution_state]).toEqual([cell, "busy"]);
  await move(50);
  await kernel.finish("shell", cell);
});

test("a cell that only computes is not interrupted by it, and one that waits in the queue is overtaken", async () => {
  const first = await kernel.submit(
    "console.log('computes');\nconst end = Date.now() + 500; while (Date.now() < end); marker = 1; moved.length",
  );
  await kernel.output(first, "computes");
  const early = await move(1);
  expect(resultText(await kernel.finish("shell", first))).toBe("0");
  await kernel.idle(early);

  const cell = await kernel.submit(waiting);
  const queued = await kernel.submit("moved.join()");
  await kernel.output(cell, "waiting");
  const overtaking = await move(2);
  await kernel.idle(overtaking);
  expect(printed(overtaking)).toContain("moved to 2");
  await move(50);
  await kernel.finish("shell", cell);
  expect(resultText(await kernel.finish("shell", queued))).toContain("1,2,50");
});

test("a training goes on around it", { timeout: 120_000 }, async () => {
  const cell = await kernel.submit(
    `seed(1);
const { train } = data.digits({ train: 200, test: 10 });
const model = nn.sequential(nn.flatten(), nn.linear(784, 10));
let stopped = false;
act = (n) => { stopped = n === 50; console.log(noGrad(() => model(train.images).shape.join())); };
console.log('training');
let epochs = 0;
while (!stopped) {
  await fit(model, train.loader({ batchSize: 50 }), { epochs: 1, optimizer: optim.sgd(model.parameters(), { lr: 0.1 }) });
  epochs++;
}
moved.join()`,
  );
  await kernel.output(cell, "training");
  const moves = [await move(11), await move(50)];
  const ran = await kernel.finish("shell", cell);
  expect(resultText(ran)).toMatch(/11,50/);
  await Promise.all(moves.map((id) => kernel.idle(id)));
  for (const id of moves) expect(printed(id)).toContain("200,10\n");
});

test("what is opened waits for the cell, and so does what is said to it", async () => {
  const cell = await kernel.submit(waiting);
  await kernel.output(cell, "waiting");
  const opened = await kernel.send("shell", "comm_open", {
    comm_id: "new",
    target_name: "nobody's",
    data: {},
  });
  const said = await kernel.send("shell", "comm_msg", { comm_id: "new", data: {} });
  const other = await move(50);
  await kernel.idle(other);
  await kernel.finish("shell", cell);
  await Promise.all([kernel.idle(opened), kernel.idle(said)]);
  const order = [other, cell, opened, said].map((id) =>
    kernel.iopub.all.findIndex(
      ({ parentHeader, content }) => parentHeader.msg_id === id && content.execution_state === "idle",
    ),
  );
  expect(order).toEqual(order.toSorted((x, y) => x - y));
});

test.each([
  ["an endless loop", "for (;;);"],
  ["an error", "throw new RangeError('of the control')"],
])("%s in what it calls: an interrupt ends both, an error is its own", async (_what, body) => {
  const cell = await kernel.submit(`${waiting.replace("go();", `go(); else { ${body} }`)}1`);
  await kernel.output(cell, "waiting");
  const moved = await move(8);
  await kernel.output(moved, "moved to 8");
  if (body.startsWith("for")) await kernel.request("control", "interrupt_request");
  else {
    await kernel.output(moved, "of the control");
    await move(50);
  }
  const { reply } = await kernel.finish("shell", cell);
  if (body.startsWith("for")) expect(reply.content.ename).toBe("KeyboardInterrupt");
  else expect(reply.content.status).toBe("ok");
  await kernel.idle(moved);
  expect(resultText(await kernel.execute("act = () => undefined;\nmoved.length > 0 && marker"))).toBe("0");
  const again = await move(9);
  await kernel.idle(again);
});
