// Interrupts, for whoever computes for long on the main thread: the flag that the protocol thread sets when a cell shall
// stop, and what is to be put right when a cell was terminated without running its `finally` blocks.

let flag: Int32Array | null = null;

/** Called once, before anything that computes is loaded. */
export function provideInterruptFlag(provided: Int32Array): void {
  flag = provided;
}

/** Slot 0 is not 0 while the running cell shall stop; null outside the kernel. */
export function interruptFlag(): Int32Array | null {
  return flag;
}

let recover: () => void = () => {};

/** Told by what is loaded into the kernel; runs after a cell was terminated, before the next one. */
export function onTermination(recovery: () => void): void {
  recover = recovery;
}

/** Says that the running cell was terminated. */
export function terminated(): void {
  recover();
}
