/** The machine's own limits, measured by `limits.c`, so that speeds can be read as shares of them. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Limits {
  /** Additions and multiplications, 10⁹ a second, fused, on all threads. */
  readonly gigaflops: number;
  /** Read and written, 10⁹ bytes a second, on all threads. */
  readonly gigabytes: number;
}

/** Null where there is no C compiler. */
export function measureLimits(threads: number): Limits | null {
  const folder = mkdtempSync(join(tmpdir(), "nnlab-limits-"));
  const program = join(folder, "limits");
  try {
    const source = join(import.meta.dirname, "limits.c");
    const options = ["-O3", "-march=native", "-ffp-contract=fast", "-pthread", source, "-o", program];
    execFileSync("cc", options, { stdio: "ignore" });
    return JSON.parse(execFileSync(program, [String(threads)], { encoding: "utf8" })) as Limits;
  } catch {
    return null;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
