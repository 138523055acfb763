// What the language thread does when nobody has asked for a while: it gives back memory. Starting takes 60 MB for a moment
// that V8 and the C library would hold on to for good.

import { createRequire } from "node:module";
import { getHeapStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Nobody types or runs cells this slowly; what waits for memory is in no hurry. */
const pauseMilliseconds = 1500;
/** A heap that has grown by less is not worth the tenth of a second. */
const worthwhileBytes = 16_000_000;

let timer: NodeJS.Timeout | undefined;
let heapAfterLast = 0;

/** Called after each answer; `tidy` makes garbage of what is not needed. */
export function restSoon(tidy: () => void): void {
  clearTimeout(timer);
  timer = setTimeout(rest, pauseMilliseconds, tidy);
}

function rest(tidy: () => void): void {
  tidy();
  if (heapSize() < heapAfterLast + worthwhileBytes) return;
  collectGarbage();
  trimAllocator();
  heapAfterLast = heapSize();
}

function heapSize(): number {
  return getHeapStatistics().total_heap_size;
}

/** The kind of collection that V8 keeps for when memory runs out: the only one after which it gives pages back. */
function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  const collect: NodeJS.GCFunction = runInNewContext("gc");
  // Contexts that cells make do not get it.
  setFlagsFromString("--no-expose-gc");
  void collect({ type: "major", execution: "sync", flavor: "last-resort" });
}

/** Only glibc holds on to memory that was freed, and only it can be told. */
function trimAllocator(): void {
  if (process.platform !== "linux") return;
  try {
    const koffi = createRequire(import.meta.url)("koffi") as typeof import("koffi");
    koffi.load("libc.so.6").func("int malloc_trim(size_t pad)")(0);
  } catch {
    // Without koffi, or with another C library, it stays as it is.
  }
}
