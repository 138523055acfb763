/** Kernels that are started and stopped, or restarted, by Jupyter itself; and what of them is left afterwards. */
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { isolatedEnvironment, runProgram, temporaryFolder, venvProgram } from "../support/jupyter.ts";
import { processesWith, until } from "../support/processes.ts";

interface Cycles {
  /** Seconds from the start of the process to the end of its first cell. */
  starts: number[];
  /** Seconds from the request to shut down to the end of the process. */
  stops: number[];
  /** With which code each process ended: 0 by itself, -9 or -14 where it did not get to it in a second. */
  codes: number[];
}

/** Runs the cycles; fails where a process or a file is left of them. */
export async function cycles(mode: "start" | "restart", count: number): Promise<Cycles> {
  const folder = temporaryFolder("cycles");
  try {
    const temporary = join(folder.path, "temporary");
    mkdirSync(temporary);
    const script = fileURLToPath(new URL("cycles.py", import.meta.url));
    const { code, output } = await runProgram(venvProgram("python"), [script, mode, String(count)], {
      cwd: folder.path,
      env: { ...isolatedEnvironment(folder.path), TMPDIR: temporary },
    });
    expect(code, output).toBe(0);
    const seen: Cycles = JSON.parse(output.trim().split("\n").at(-1) ?? "");
    expect(seen.codes).toHaveLength(count);
    // Jupyter puts the connection files there too, and takes them away.
    await until(() => processesWith("TMPDIR", temporary).length === 0);
    expect(readdirSync(temporary)).toEqual([]);
    return seen;
  } finally {
    folder.remove();
  }
}
