/** nnlab as a contender: reads what to do from its standard input, a line of JSON at a time, and answers likewise. */
import { createInterface } from "node:readline";
import { nn, noGrad, optim } from "../../engine/index.ts";
import { startOnNode } from "../../engine/node.ts";
import { batchOf, fillWeights, networks } from "./networks.ts";
import type { Answer, Order } from "./protocol.ts";

startOnNode();

let step: () => number = () => 0;

/** Prepares a case; its answer holds the first loss, or the first output, so that contenders can be compared. */
function prepare({ network, batch, mode }: Extract<Order, { order: "prepare" }>): number {
  const given = networks[network]!;
  const model = given.make();
  fillWeights(model);
  const [images, labels] = batchOf(given, batch);
  if (mode === "inference") {
    model.eval();
    step = () =>
      noGrad(() => model(images))
        .at(0, 0)
        .item();
  } else {
    model.train();
    const optimizer = optim.sgd(model.parameters(), { lr: 0.01 });
    // As a lesson writes it, with the loss read in each step.
    step = () => {
      const loss = nn.crossEntropy(model(images), labels);
      loss.backward();
      optimizer.step();
      return loss.item();
    };
  }
  return step();
}

function answer(order: Order): Answer {
  if (order.order === "prepare") return { result: prepare(order) };
  const start = performance.now();
  for (let i = 0; i < order.steps; i++) step();
  return {
    milliseconds: (performance.now() - start) / order.steps,
    rss: process.memoryUsage.rss(),
  };
}

for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line) as Order;
  process.stdout.write(`${JSON.stringify(answer(order))}\n`);
}
