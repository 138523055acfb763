/** A compute thread for the pool's tests: adds its slice's number to a cell, and notes that it was here. */
import { workerData } from "node:worker_threads";
import { serve } from "../../../engine/backend/protocol.ts";

const { control, cells, visits, slice } = workerData as {
  control: Int32Array;
  cells: Int32Array;
  visits: Int32Array;
  slice: number;
};
serve(control, slice, (_kernel, slice) => {
  cells[slice]! += slice + 1;
  Atomics.add(visits, slice, 1);
});
