/**
 * How compute threads meet: words in shared memory, no locks. The main thread writes a task, opens one slice per thread and
 * raises the generation; a thread takes its slice by compare-and-exchange. What no thread has taken, the main thread takes
 * itself, so no result ever waits for a thread that is not running.
 *
 * A slice's word holds generation·8 + state. Only the holder of a slice moves it on, so a latecomer of an old generation
 * changes nothing, and a main thread that was terminated in the middle of a task finds in these words what is still running.
 */

/** Where the control words and the task's words lie in the shared memory, in bytes. Below `HEAP_START` nothing is allocated. */
export const CONTROL_ADDRESS = 4096;
export const TASK_ADDRESS = 16384;
export const HEAP_START = 65536;
export const MAXIMUM_THREADS = 64;

export const GENERATION = 0;
export const SLEEPERS = 16;
export const KERNEL = 32;
export const SLICES = 33;
export const MAIN_WAITS = 48;

const FIRST_SLICE = 64;
const WORDS_PER_LINE = 16;

export const CLOSED = 0;
export const OPEN = 1;
export const TAKEN = 2;
export const DONE = 3;
/** The thread's kernel threw; the main thread computes the slice again and meets the error itself. */
export const FAILED = 4;

/** Index of the word that tells who has a slice; each has a cache line of its own. */
export const sliceWord = (slice: number): number => FIRST_SLICE + WORDS_PER_LINE * slice;

export const stamp = (generation: number, state: number): number => (generation << 3) | state | 0;

export const stateOf = (word: number): number => word & 7;

/** Computes one slice of a task with the kernel of this index. */
export type Compute = (kernel: number, slice: number, slices: number) => void;

/** How long a thread looks for the next task before it sleeps, in milliseconds: the gap between two kernels is shorter. */
const SPIN_MILLISECONDS = 0.1;

const pause: () => void =
  "pause" in Atomics && typeof Atomics.pause === "function" ? Atomics.pause.bind(Atomics) : () => {};

/** Polls until `ready()`, for a short time; tells whether it was. */
export function spin(ready: () => boolean): boolean {
  const end = performance.now() + SPIN_MILLISECONDS;
  do {
    for (let i = 0; i < 32; i++) {
      if (ready()) return true;
      pause();
    }
  } while (performance.now() < end);
  return false;
}

function awaitTask(control: Int32Array, seen: number): number {
  const raised = () => Atomics.load(control, GENERATION) !== seen;
  if (!spin(raised)) {
    Atomics.add(control, SLEEPERS, 1);
    while (!raised()) Atomics.wait(control, GENERATION, seen);
    Atomics.sub(control, SLEEPERS, 1);
  }
  return Atomics.load(control, GENERATION);
}

/** The life of a compute thread: takes slice `slice` of every task. Never returns; the thread is terminated. */
export function serve(control: Int32Array, slice: number, compute: Compute): never {
  const word = sliceWord(slice);
  let generation = 0;
  for (;;) {
    generation = awaitTask(control, generation);
    const taken = stamp(generation, TAKEN);
    const open = stamp(generation, OPEN);
    if (Atomics.compareExchange(control, word, open, taken) !== open) continue;
    let state = DONE;
    try {
      compute(control[KERNEL]!, slice, control[SLICES]!);
    } catch {
      state = FAILED;
    }
    Atomics.compareExchange(control, word, taken, stamp(generation, state));
    if (Atomics.load(control, MAIN_WAITS) !== 0) Atomics.notify(control, word);
  }
}
