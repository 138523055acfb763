/** The meeting of threads: results never depend on whether a thread is there, late, dead or failing. */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import { Pool, type PoolOptions } from "../../../engine/backend/pool.ts";
import { DONE, FAILED, GENERATION, sliceWord, stamp, TAKEN } from "../../../engine/backend/protocol.ts";

const shared = (words: number) => new Int32Array(new SharedArrayBuffer(4 * words));

/** A pool whose kernel adds slice + 1 to the slice's cell. */
function makePool(options: Partial<PoolOptions> & { threads: number }) {
  const control = shared(2048);
  const cells = shared(64);
  const pool = new Pool({
    control,
    compute: (_kernel, slice) => {
      cells[slice]! += slice + 1;
    },
    startThread: () => () => {},
    ...options,
  });
  return { pool, control, cells, sums: () => [...cells.subarray(0, options.threads)] };
}

/** Marks a slice as a thread does that takes it and then goes on to `state`. */
const take = (control: Int32Array, slice: number, state: number) =>
  Atomics.store(control, sliceWord(slice), stamp(control[GENERATION]!, state));

test("every slice is computed once although no thread ever comes", () => {
  const { pool, sums } = makePool({ threads: 4 });
  pool.run(0, 4, true);
  expect(sums()).toEqual([1, 2, 3, 4]);
  pool.run(0, 2, true);
  expect(sums()).toEqual([2, 4, 3, 4]);
});

test("one slice starts no thread", () => {
  let started = 0;
  const startThread = () => {
    started++;
    return () => {};
  };
  const { pool, sums } = makePool({ threads: 4, startThread });
  pool.run(0, 1, true);
  expect(started).toBe(0);
  expect(sums()).toEqual([1, 0, 0, 0]);
  pool.run(0, 2, true);
  expect(started).toBe(3);
});

test("threads take slices; when they die, others start and the results stay right", async () => {
  const control = shared(2048);
  const cells = shared(64);
  const visits = shared(64);
  const workers: Worker[] = [];
  const pool = new Pool({
    threads: 3,
    control,
    // The main thread dawdles, so that the others come first.
    compute: (_kernel, slice) => {
      Atomics.wait(visits, 63, 0, 5);
      cells[slice]! += slice + 1;
    },
    startThread: (slice, ended) => {
      const worker = new Worker(new URL("./poolThread.ts", import.meta.url), {
        workerData: { control, cells, visits, slice },
      });
      worker.on("exit", ended);
      worker.unref();
      workers.push(worker);
      return () => void worker.terminate();
    },
  });
  let runs = 0;
  const runUntilVisited = () => {
    visits.fill(0);
    while (visits[1] === 0 || visits[2] === 0) {
      pool.run(0, 3, true);
      runs++;
      expect([...cells.subarray(0, 3)]).toEqual([runs, 2 * runs, 3 * runs]);
    }
  };
  runUntilVisited();
  expect(workers).toHaveLength(2);

  await Promise.all(workers.map((worker) => worker.terminate()));
  pool.run(0, 3, true);
  runs++;
  expect(workers).toHaveLength(4);
  runUntilVisited();
  const ends = workers.slice(2).map((worker) => once(worker, "exit"));
  pool.close();
  await Promise.all(ends);
  pool.run(0, 3, true);
  expect(cells[2]).toBe(3 * (runs + 1));
});

test("the main thread computes again what a thread took and never finished", () => {
  let mayTake = true;
  const { pool, cells, control } = makePool({
    threads: 2,
    patience: 40,
    compute: (_kernel, slice) => {
      if (slice === 0 && mayTake) take(control, 1, TAKEN);
      cells[slice]! += slice + 1;
    },
  });
  pool.run(0, 2, true);
  expect(cells[1]).toBe(2);

  expect(() => pool.run(0, 2, false)).toThrow(/compute thread stopped in the middle/);
  expect(cells[1]).toBe(2);
  expect(pool.inFlight).toBe(false);
  mayTake = false;
  pool.run(0, 2, false);
  expect(cells[1]).toBe(4);
});

test("the main thread computes again what failed in a thread, and meets the error itself", () => {
  const { pool, cells, control } = makePool({
    threads: 2,
    compute: (_kernel, slice) => {
      if (slice === 0) take(control, 1, FAILED);
      else throw new Error("a kernel's error");
      cells[slice]! += 1;
    },
  });
  expect(() => pool.run(0, 2, true)).toThrow("a kernel's error");
});

test("after an interruption the next task waits for the threads of the old one, and is whole", () => {
  let interrupt = true;
  let givenUp = 0;
  const { pool, cells, control, sums } = makePool({
    threads: 3,
    patience: 40,
    startThread: () => () => {
      givenUp++;
    },
    compute: (_kernel, slice) => {
      if (interrupt) {
        take(control, 1, TAKEN);
        throw new Error("interrupted");
      }
      cells[slice]! += slice + 1;
    },
  });
  expect(() => pool.run(0, 3, true)).toThrow("interrupted");
  expect(pool.inFlight).toBe(true);
  // Slice 1's thread finishes late, slice 2 was never taken.
  take(control, 1, DONE);
  pool.settle();
  expect(pool.inFlight).toBe(false);
  expect(givenUp).toBe(0);

  // Now slice 1's thread hangs.
  expect(() => pool.run(0, 3, true)).toThrow("interrupted");
  interrupt = false;
  pool.run(0, 3, true);
  expect(givenUp).toBe(1);
  expect(sums()).toEqual([1, 2, 3]);
});
