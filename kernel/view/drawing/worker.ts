/** The drawing thread: plain descriptions in, encoded pictures out. Loads what a kind of picture needs when it is first asked for. */
import { type MessagePort, workerData } from "node:worker_threads";
import type { DrawnImage } from "../mime.ts";
import type { Drawing, DrawingReply, DrawingRequest } from "./drawing.ts";
import { encodePng } from "./png.ts";
import { type Pixels, rasterise, SCALE } from "./svg.ts";

const { port, replies } = workerData as { port: MessagePort; replies: Int32Array };

async function pixelsOf(drawing: Drawing): Promise<Pixels> {
  switch (drawing.kind) {
    case "chart":
      return rasterise(await (await import("./chart-image.ts")).chartSvg(drawing.spec));
    case "picture":
      return (await import("./image.ts")).composePicture(drawing.picture);
    case "diagram":
      return rasterise((await import("./diagram-image.ts")).diagramSvg(drawing.diagram));
    case "frame":
      return rasterise((await import("./frame.ts")).frameSvg(drawing.frame));
  }
}

async function drawImage(drawing: Drawing): Promise<DrawnImage> {
  const { rgba, width, height } = await pixelsOf(drawing);
  const png = encodePng(rgba, width, height, {
    exact: drawing.kind === "picture",
    level: drawing.kind === "frame" ? 3 : 6,
  });
  return {
    png: png.toString("base64"),
    width: Math.round(width / SCALE),
    height: Math.round(height / SCALE),
  };
}

/** Milliseconds of this thread's own work: waiting for a busy processor costs the training nothing. Node 22: wall time. */
function threadTime(): number {
  if (typeof process.threadCpuUsage !== "function") return performance.now();
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

async function answer({ id, drawing }: DrawingRequest): Promise<void> {
  const start = threadTime();
  let reply: DrawingReply;
  try {
    const image = await drawImage(drawing);
    reply = { id, milliseconds: threadTime() - start, image };
  } catch (error) {
    reply = {
      id,
      milliseconds: threadTime() - start,
      error: error instanceof Error ? error.message : String(error),
    };
  }
  port.postMessage(reply);
  Atomics.add(replies, 0, 1);
  Atomics.notify(replies, 0);
}

// One picture at a time, in order.
let last: Promise<void> = Promise.resolve();
port.on("message", (request: DrawingRequest) => {
  last = last.then(() => answer(request));
});
