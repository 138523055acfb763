// What a cell may not do to the process that all cells share.

import { syncBuiltinESMExports } from "node:module";

export class ProcessExitError extends Error {
  override name = "ProcessExitError";
}

/** Makes `process.exit()` and its relatives an error of the cell; returns the function that really ends the process. */
export function guardProcess(): (code: number) => void {
  const { exit, reallyExit } = process as typeof process & { reallyExit: unknown };
  const refuse = (call: string) => (): never => {
    throw new ProcessExitError(
      `${call}() would end the kernel and lose all variables, so it was not done. ` +
        "To stop a cell early, throw an error; to end the kernel, use Kernel > Shut Down Kernel or Restart.",
    );
  };
  for (const name of ["exit", "abort", "reallyExit"] as const)
    Object.defineProperty(process, name, {
      value: refuse(`process.${name}`),
      writable: true,
      configurable: true,
    });
  syncBuiltinESMExports();
  return (code) => {
    // process.exit ends in process.reallyExit, which cells find replaced.
    Object.defineProperty(process, "reallyExit", { value: reallyExit });
    exit.call(process, code);
  };
}
