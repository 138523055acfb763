// process.stdout, process.stderr and console of the user's code: what they write goes to the front end, under the
// cell that writes it.

import { Console } from "node:console";
import { Writable } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import type { MessagePort } from "node:worker_threads";
import type { Backlog } from "./backlog.ts";
import { type Cell, currentCell } from "./cell.ts";
import { checkInterrupt } from "./interrupt.ts";
import { interruptFailure, interruptName } from "./messages.ts";

/** Thrown into code that goes on after its cell was interrupted for good. */
export class AbandonedError extends Error {
  override name: string = interruptName;

  constructor() {
    super(interruptFailure().evalue);
  }
}

class CellStream extends Writable {
  readonly fd: number;
  readonly #print: (text: string) => void;
  readonly #decoder = new StringDecoder("utf8");

  constructor(fd: number, print: (text: string) => void) {
    super({ decodeStrings: false });
    this.fd = fd;
    this.#print = print;
  }

  // Writable's own `write` keeps a state that would stay "writing" for ever if an interrupt ended it halfway.
  override write(
    chunk: unknown,
    encoding?: BufferEncoding | ((error?: Error | null) => void),
    callback?: (error?: Error | null) => void,
  ): boolean {
    const done = typeof encoding === "function" ? encoding : callback;
    if (typeof chunk === "string") this.#print(chunk);
    else if (ArrayBuffer.isView(chunk))
      this.#print(this.#decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)));
    else throw new TypeError(`write: the chunk must be a string or bytes, got ${typeof chunk}`);
    if (done) process.nextTick(done);
    return true;
  }

  // What belongs to the kernel is not closed by a cell.
  override end(chunk?: unknown, encoding?: unknown, callback?: unknown): this {
    const done = [chunk, encoding, callback].find((argument) => typeof argument === "function");
    if (typeof chunk === "string" || ArrayBuffer.isView(chunk)) this.write(chunk);
    if (typeof done === "function") process.nextTick(() => done());
    return this;
  }

  override destroy(): this {
    return this;
  }
}

function replace(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, writable: true, configurable: true, enumerable: true });
}

/** Sends what is printed from now on to `port`. */
export function redirectOutput(port: MessagePort, backlog: Backlog): void {
  function send(cell: Cell, name: "stdout" | "stderr", text: string): void {
    if (cell.abandoned) throw new AbandonedError();
    // What other cells have left behind goes on printing.
    if (!cell.settled) checkInterrupt();
    if (text === "") return;
    port.postMessage({ type: "stream", cell: cell.id, name, text, after: backlog.position() });
    backlog.add(cell, text);
  }
  const stdout = new CellStream(1, (text) => send(currentCell(), "stdout", text));
  const stderr = new CellStream(2, (text) => send(currentCell(), "stderr", text));
  replace(process, "stdout", stdout);
  replace(process, "stderr", stderr);
  // A console of our own: V8's inspector keeps the arguments of the original one's calls alive.
  replace(globalThis, "console", new Console({ stdout, stderr, colorMode: false, ignoreErrors: false }));
}
