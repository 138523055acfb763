// Stops a cell that fills the memory, before V8 or the operating system ends the process and takes all variables along.
// Looks only while a cell runs, since no event tells: V8 calls nobody before it gives up.

import { Session } from "node:inspector";
import { totalmem } from "node:os";

const lookMilliseconds = 100;
/**
 * V8 collects garbage at the latest halfway between what lives and its limit. So a heap that is this full held seven
 * tenths of the limit after the last collection: it is not garbage that fills it.
 */
const fullHeap = 0.85;
/** From here on V8 is kept from giving up at its limit, until the heap is smaller again: it gives up at rest too. */
const largeProcess = 0.4;
/** A heap that was full stays so until garbage is collected; the cell that empties it is stopped only if it grows by this. */
const growth = 1.1;
/** The machine's memory: less than this share is left, and most of what is used is the kernel's. */
const leastAvailable = 0.03;
const most = 0.5;

export interface Memory {
  /** Bytes of the whole process. */
  process: number;
  /** Bytes that all processes together could still have. */
  available: number;
  machine: number;
}

export interface MemoryWatchOptions {
  /** Bytes that V8 gives the main thread's objects. */
  heapLimit: number;
  /** Told what is full, in a sentence; at most once for each `start`. */
  full(reason: string): void;
  /** Called when the process has grown by a tenth since the last call. */
  grown(bytes: number): void;
  look?(): Memory;
}

export class MemoryWatch {
  readonly #options: MemoryWatchOptions;
  #session: Session | null = null;
  #timer: NodeJS.Timeout | null = null;
  #asking = false;
  #guarded = false;
  #told = 0;
  /** Bytes of a heap that was full already when the cell began; else 0. */
  #before = 0;

  constructor(options: MemoryWatchOptions) {
    this.#options = options;
  }

  start(): void {
    this.stop();
    this.#timer = setInterval(() => this.#look(), lookMilliseconds);
    this.#timer.unref();
  }

  stop(): void {
    this.#rest();
    if (this.#guarded) void this.#release();
  }

  /** Lets V8 give up at its limit again, unless the heap is still so large that it would. */
  async #release(): Promise<void> {
    const used = await this.#heapSize();
    this.#before = used > largeProcess * this.#options.heapLimit ? used : 0;
    if (this.#before > 0 || this.#timer !== null) return;
    this.#guarded = false;
    await this.#ask("Debugger.disable");
  }

  #rest(): void {
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
  }

  /** Node waits for connected sessions before it ends. */
  disconnect(): void {
    this.stop();
    this.#session?.disconnect();
    this.#session = null;
  }

  #look(): void {
    const memory = (this.#options.look ?? look)();
    if (memory.process > this.#told * 1.1) {
      this.#told = memory.process;
      this.#options.grown(memory.process);
    }
    const { heapLimit } = this.#options;
    if (memory.process > largeProcess * heapLimit) this.#guard();
    const machineIsFull =
      memory.available < leastAvailable * memory.machine && memory.process > most * memory.machine;
    if (machineIsFull) {
      const share = `${gigabytes(memory.process)} of this machine's ${gigabytes(memory.machine)}`;
      this.#found(`the kernel holds ${share} of memory, and hardly any is left`);
    } else if (memory.process > fullHeap * heapLimit) void this.#lookAtHeap();
  }

  /**
   * With a debugger attached, V8 does not end the process when the heap reaches its limit, but quadruples the limit,
   * pauses, and takes that back when the debugger leaves.
   */
  #guard(): void {
    if (this.#guarded) return;
    this.#guarded = true;
    void this.#ask("Debugger.enable", { maxScriptsCacheSize: 0 });
    void this.#ask("Debugger.setSkipAllPauses", { skip: true });
  }

  async #lookAtHeap(): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    const used = await this.#heapSize();
    this.#asking = false;
    if (used > Math.max(fullHeap * this.#options.heapLimit, growth * this.#before)) this.#foundHeap();
  }

  async #heapSize(): Promise<number> {
    return (await this.#ask<{ usedSize: number }>("Runtime.getHeapUsage"))?.usedSize ?? 0;
  }

  #foundHeap(): void {
    const limit = gigabytes(this.#options.heapLimit);
    this.#found(`JavaScript's objects fill the ${limit} that they may have`);
  }

  /** Goes on once those who listen have asked V8 to end what runs. */
  async #paused(reason: string): Promise<void> {
    if (reason === "OOM") this.#foundHeap();
    await this.#ask("Debugger.resume");
  }

  #found(reason: string): void {
    if (this.#timer === null) return;
    this.#rest();
    this.#options.full(reason);
  }

  #ask<Answer>(method: string, parameters: Record<string, unknown> = {}): Promise<Answer | null> {
    if (!this.#session) {
      this.#session = new Session();
      this.#session.connectToMainThread();
      this.#session.on("Debugger.paused", ({ params }) => void this.#paused(params.reason));
    }
    const session = this.#session;
    return new Promise((resolve) =>
      session.post(method, parameters, (error, answer) => resolve(error ? null : (answer as Answer))),
    );
  }
}

function look(): Memory {
  return {
    process: process.memoryUsage.rss(),
    available: process.availableMemory(),
    machine: machineMemory(),
  };
}

/** Bytes that all processes together may have; in a container, its own. */
export function machineMemory(): number {
  const constrained = process.constrainedMemory();
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
}

export function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
