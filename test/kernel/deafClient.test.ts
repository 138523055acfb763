/** A front end that is connected and never reads, as a page whose computer sleeps: what is shown must not fill the kernel's memory. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { Subscriber } from "zeromq";
import { resultText, streamText, TestKernel } from "./client.ts";

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
