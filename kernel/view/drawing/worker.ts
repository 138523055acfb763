/** The drawing thread: plain descriptions in, encoded pictures out. Loads what a kind of picture needs when it is first asked for. */
import { type MessagePort, workerData } from "node:worker_threads";
import type { DrawnImage } from "../mime.ts";
import type { Animation, Drawing, DrawingReply, DrawingRequest, Still } from "./drawing.ts";
import { encodePng } from "./png.ts";
import { type Pixels, rasterise, rasteriseMeanwhile, SCALE } from "./svg.ts";

const { port, replies } = workerData as { port: MessagePort; replies: Int32Array };

async function svgOf(drawing: Exclude<Still, { kind: "picture" }>): Promise<string> {
  switch (drawing.kind) {
    case "chart":
      return (await import("./chart-image.ts")).chartSvg(drawing.spec);
    case "diagram":
      return (await import("./diagram-image.ts")).diagramSvg(drawing.diagram);
    case "sheet":
      return (await import("./cells.ts")).sheetSvg(drawing.sheet);
    case "frame":
      return (await import("./frame.ts")).frameSvg(drawing.frame);
  }
}

/** Pixels by `draw`, with the colours to keep where there are such. */
async function pixelsOf(
  drawing: Still,
  draw: (svg: string) => Pixels | Promise<Pixels>,
): Promise<Pixels & { kept?: readonly number[] }> {
  return drawing.kind === "picture"
    ? (await import("./image.ts")).composePicture(drawing.picture)
    : draw(await svgOf(drawing));
}

async function drawImage(drawing: Drawing): Promise<DrawnImage> {
  if (drawing.kind === "animation") return drawAnimation(drawing);
  const pixels = await pixelsOf(drawing, rasterise);
  const png = encodePng(pixels.rgba, pixels.width, pixels.height, {
    exact: drawing.kind === "picture",
    ...(pixels.kept && { kept: pixels.kept }),
    // Of lines and text an eighth would be added by the faster level of pictures.
    ...(drawing.kind !== "picture" && { level: drawing.kind === "frame" ? 3 : 6 }),
  });
  return { png: png.toString("base64"), ...cssSize(pixels) };
}

/** Frames of one size, the largest of theirs, on white. */
async function drawAnimation({ frames, secondsPerFrame }: Animation): Promise<DrawnImage> {
  const drawn = await Promise.all(
    "spec" in frames
      ? (await (await import("./chart-image.ts")).chartSvgs(frames.spec, frames.count)).map(
          rasteriseMeanwhile,
        )
      : frames.map((frame) => pixelsOf(frame, rasteriseMeanwhile)),
  );
  const width = Math.max(...drawn.map((pixels) => pixels.width));
  const height = Math.max(...drawn.map((pixels) => pixels.height));
  const sized = drawn.map((pixels) => onPaper(pixels, width, height));
  const { encodeAnimation } = await import("./apng.ts");
  const { animation, patches } = await encodeAnimation(sized, width, height, secondsPerFrame);
  return {
    png: animation.toString("base64"),
    patches: patches.map(({ png, x, y, width, height }) => ({
      png: png.toString("base64"),
      ...{ x: x / SCALE, y: y / SCALE, width: width / SCALE, height: height / SCALE },
    })),
    ...cssSize({ width, height }),
  };
}

const cssSize = ({ width, height }: { width: number; height: number }) => ({
  width: Math.round(width / SCALE),
  height: Math.round(height / SCALE),
});

function onPaper({ rgba, width, height }: Pixels, fullWidth: number, fullHeight: number): Uint8Array {
  if (width === fullWidth && height === fullHeight) return rgba;
  const paper = new Uint8Array(fullWidth * fullHeight * 4).fill(255);
  for (let y = 0; y < height; y++)
    paper.set(rgba.subarray(4 * y * width, 4 * (y + 1) * width), 4 * y * fullWidth);
  return paper;
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
