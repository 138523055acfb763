// What holds memory outside of JavaScript's heap - the engine, which is loaded later - says here how to give back what
// nothing refers to any more.

export interface Garbage {
  /** Gives all of it back, which may take a tenth of a second; the bytes that were gained. */
  sweep(): number;
  /** Gives back most of what was made lately, where that is worth a millisecond. */
  tidy(): void;
}

let garbage: Garbage = { sweep: () => 0, tidy: () => undefined };

/** Called by what is loaded into the kernel. */
export function provideGarbage(provided: Garbage): void {
  garbage = provided;
}

export function sweepGarbage(): number {
  return garbage.sweep();
}

/** Called between cells. */
export function tidyGarbage(): void {
  garbage.tidy();
}
