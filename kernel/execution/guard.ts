// What a cell may not do to the process that all cells share.

import { syncBuiltinESMExports } from "node:module";

export class ProcessExitError extends Error {
  override name = "ProcessExitError";
}

/** Signals that end no process. */
const harmless = new Set<unknown>([
  0,
  "SIGINT",
  2,
  "SIGCHLD",
  17,
  "SIGCONT",
  18,
  "SIGWINCH",
  28,
  "SIGURG",
  23,
]);

/** Makes `process.exit()` and its relatives an error of the cell; returns the function that really ends the process. */
export function guardProcess(): (code: number) => void {
  const { exit, reallyExit, kill } = process as typeof process & { reallyExit: unknown };
  const refuse = (call: string): never => {
    throw new ProcessExitError(
      `${call} would end the kernel and lose all variables, so it was not done. ` +
        "To stop a cell early, throw an error; to end the kernel, use Kernel > Shut Down Kernel or Restart.",
    );
  };
  const replace = (name: string, value: unknown): void =>
    void Object.defineProperty(process, name, { value, writable: true, configurable: true });
  for (const name of ["exit", "abort", "reallyExit"]) replace(name, () => refuse(`process.${name}()`));
  replace("kill", (pid: number, signal: NodeJS.Signals | number = "SIGTERM"): true => {
    // 0 and the negative number mean the kernel's whole group.
    const isKernel = [process.pid, 0, -process.pid].includes(Number(pid));
    const isHandled = typeof signal === "string" && process.listenerCount(signal) > 0;
    if (isKernel && !harmless.has(signal) && !isHandled) refuse(`process.kill(${pid})`);
    return kill.call(process, pid, signal);
  });
  syncBuiltinESMExports();
  return (code) => {
    // process.exit ends in process.reallyExit, which cells find replaced.
    Object.defineProperty(process, "reallyExit", { value: reallyExit });
    exit.call(process, code);
  };
}
