// The flag that the protocol thread sets when a cell shall stop, for whoever computes for long on the main thread.

let flag: Int32Array | null = null;

/** Called once, before anything that computes is loaded. */
export function provideInterruptFlag(provided: Int32Array): void {
  flag = provided;
}

/** Slot 0 is not 0 while the running cell shall stop; null outside the kernel. */
export function interruptFlag(): Int32Array | null {
  return flag;
}
