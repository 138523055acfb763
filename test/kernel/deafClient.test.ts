/** A front end that is connected and never reads, as a page whose computer sleeps: what is shown must not fill the kernel's memory. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { Subscriber } from "zeromq";
import { decode, type Message, Signer } from "../../kernel/protocol/wire.ts";
import { canList, residentMemory } from "../support/processes.ts";
import { type Ran, resultText, streamText, TestKernel } from "./client.ts";

/** Of a megabyte each. */
const displaysToDeaf = 200;

let kernel: TestKernel;
// It takes one message, and then leaves all others to the kernel.
const deaf = new Subscriber({ receiveHighWaterMark: 1, receiveBufferSize: 4096, linger: 0 });

beforeAll(async () => {
  kernel = await TestKernel.start();
  deaf.connect(`tcp://127.0.0.1:${kernel.connection.iopub_port}`);
  deaf.subscribe("");
});

afterAll(async () => {
  deaf.close();
  await kernel.stop();
});

test("a training with its live picture goes on to its end, and memory stays as it was", {
  timeout: 240_000,
}, async () => {
  const prepare = await kernel.execute(
    `
seed(1);
const { train } = data.digits({ train: 400, test: 10 });
const model = models.mlp([784, 32, 10]);
const optimizer = optim.adam(model.parameters());
const learn = (epochs: number) =>
  fit(nn.sequential(nn.flatten(), model), train.loader({ batchSize: 20 }), { epochs, optimizer });
await learn(300);
const before = process.memoryUsage().rss;`,
    {},
    120_000,
  );
  expect(prepare.reply.content.status, JSON.stringify(prepare.reply.content)).toBe("ok");
  const ran = await kernel.execute(
    `
const { epochs, steps } = await learn(300);
console.log(\`\${epochs.length} epochs, \${steps.length} steps\`);
Math.round((process.memoryUsage().rss - before) / 2 ** 20)`,
    {},
    200_000,
  );
  expect(streamText(ran)).toBe("300 epochs, 6000 steps\n");
  const frames = ran.published.filter(({ header }) => header.msg_type === "update_display_data");
  expect(frames.length).toBeGreaterThan(1);
  // Each frame weighs some 20 KB. What the deaf client has not fetched waits in the kernel, and must be few.
  expect(Number(resultText(ran)), `MB more after ${frames.length} frames`).toBeLessThan(100);
});

test.skipIf(!canList)(
  "what is kept for it stays within NNLAB_UNREAD_MB, and who reads gets everything",
  {
    timeout: 120_000,
  },
  async () => {
    const limited = await TestKernel.start({ env: { NNLAB_UNREAD_MB: "8", NNLAB_UNREAD_SECONDS: "3" } });
    const sleeper = new Subscriber({ receiveHighWaterMark: 1, linger: 0 });
    try {
      const pid = limited.process.pid!;
      const print = async (): Promise<string> => {
        const code = "for (let i = 0; i < 40; i++) process.stdout.write(String(i % 10).repeat(1_000_000))";
        return streamText(await limited.execute(code, {}, 60_000));
      };
      // What a flood itself needs is in memory before anybody is deaf.
      await print();
      const before = residentMemory(pid);
      sleeper.connect(`tcp://127.0.0.1:${limited.connection.iopub_port}`);
      sleeper.subscribe("");
      const isWelcome = ({ header }: { header: { msg_type: string } }): boolean =>
        header.msg_type === "iopub_welcome";
      await limited.iopub.find("its welcome", () => limited.iopub.all.filter(isWelcome).length === 2);
      const printed = [await print(), await print(), await print()];
      const statement = /nnlab: a front end did not read for 3\.\d s, and misses .*\n/g;
      expect(printed.join("").match(statement)).toHaveLength(1);
      expect(printed.map((text) => text.replaceAll(statement, "").length)).toEqual(Array(3).fill(40_000_000));
      expect((residentMemory(pid) - before) / 1e6, "MB more after 120 MB").toBeLessThan(60);

      // It wakes: first comes what was kept, then everything again.
      const signer = new Signer(limited.connection.key, limited.connection.digest);
      let kept = 0;
      let awake = false;
      const reading = (async () => {
        for await (const frames of sleeper) {
          const { header, content } = decode(frames, signer);
          awake = JSON.stringify(content).includes("awake");
          if (awake) return;
          if (header.msg_type === "stream") kept += String(content.text).length;
        }
      })();
      while (!awake) await limited.execute("'awake'");
      await reading;
      expect(kept / 1e6).toBeGreaterThan(1);
      expect(kept / 1e6).toBeLessThan(40);
    } finally {
      sleeper.close();
      await limited.stop();
    }
  },
);

test.skipIf(!canList)(
  "displays of a megabyte are kept by their bytes, not by their number, and what was missed is counted and said",
  { timeout: 240_000 },
  async () => {
    const limited = await TestKernel.start({
      env: { NNLAB_UNREAD_MB: "16", NNLAB_UNREAD_SECONDS: "2", NNLAB_CELL_OUTPUT_MB: "10000" },
    });
    const sleeper = new Subscriber({ receiveHighWaterMark: 1, receiveBufferSize: 4096, linger: 0 });
    const show = (count: number): Promise<Ran> =>
      limited.execute(
        `
const large = { [Symbol.for("Jupyter.display")]: () => ({ "text/plain": "z".repeat(1_000_000) }) };
for (let i = 0; i < ${count}; i++) display(large);`,
        {},
        200_000,
      );
    try {
      const pid = limited.process.pid!;
      await show(100);
      const before = residentMemory(pid);
      sleeper.connect(`tcp://127.0.0.1:${limited.connection.iopub_port}`);
      sleeper.subscribe("");
      const isWelcome = ({ header }: Message): boolean => header.msg_type === "iopub_welcome";
      await limited.iopub.find("its welcome", () => limited.iopub.all.filter(isWelcome).length === 2);
      const seen = limited.iopub.all.length;
      const { published } = await show(displaysToDeaf);
      const isDisplay = ({ header }: Message): boolean => header.msg_type === "display_data";
      expect(published.filter(isDisplay)).toHaveLength(displaysToDeaf);
      const megabytes = (residentMemory(pid) - before) / 1e6;
      expect(megabytes, `MB more after ${displaysToDeaf} displays`).toBeLessThan(90);

      const signer = new Signer(limited.connection.key, limited.connection.digest);
      const got: Message[] = [];
      const isStatement = ({ content }: Message): boolean => /missed up to/.test(String(content.text));
      for await (const frames of sleeper) {
        const message = decode(frames, signer);
        got.push(message);
        if (isStatement(message)) break;
      }
      const [, messages, shown] =
        /missed up to ([\d,]+) messages \(([\d.]+) MB\)/.exec(String(got.at(-1)?.content.text)) ?? [];
      const statement = await limited.iopub.find("the statement", isStatement);
      const isOutput = ({ header }: Message): boolean =>
        header.msg_type !== "status" && header.msg_type !== "iopub_welcome";
      const all = limited.iopub.all.slice(seen, limited.iopub.all.indexOf(statement) + 1);
      const missed = all.filter(isOutput).length - got.filter(isOutput).length;
      // 16 MB, and what the network took; counted in messages it would be 122.
      expect(got.filter(isDisplay).length).toBeLessThan(60);
      expect(Number(messages?.replaceAll(",", ""))).toBe(missed);
      expect(Number(shown)).toBeGreaterThan(missed - 10);
    } finally {
      sleeper.close();
      await limited.stop();
    }
  },
);

test("who reads is never taken for deaf: many short messages, then long ones at leisure", {
  timeout: 120_000,
}, async () => {
  const limited = await TestKernel.start({ env: { NNLAB_UNREAD_MB: "1", NNLAB_UNREAD_SECONDS: "3" } });
  try {
    const code = `
const bundle = (length: number) => ({ [Symbol.for("Jupyter.display")]: () => ({ "text/plain": "z".repeat(length) }) });
for (let i = 0; i < 300; i++) display(bundle(100));
for (let i = 0; i < 50; i++) {
  display(bundle(100_000));
  await new Promise((resolve) => setTimeout(resolve, 5));
}`;
    const { published } = await limited.execute(code, {}, 60_000);
    expect(published.filter(({ header }) => header.msg_type === "display_data")).toHaveLength(350);
    expect(streamText({ published })).toBe("");
  } finally {
    await limited.stop();
  }
});
