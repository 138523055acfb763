/** The processes of this machine, as tests look for what should have ended. */
import { readdirSync, readFileSync } from "node:fs";

/** Whether processes can be listed with their environment and memory here: where Linux's /proc is. */
export const canList: boolean = process.platform === "linux";

/** The ids of all processes whose environment holds `name=value`, whoever their parents are by now. */
export function processesWith(name: string, value: string): number[] {
  const wanted = `${name}=${value}`;
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, "utf8").split("\0").includes(wanted);
      } catch {
        // It has just ended, or is another user's.
        return false;
      }
    });
}

/** Resident memory of a process in bytes. */
export function residentMemory(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  if (kilobytes === undefined) throw new Error(`/proc/${pid}/status has no VmRSS`);
  return Number(kilobytes) * 1024;
}

/** Processor time that a process has used, in milliseconds, to 10 ms. */
export function processorTime(pid: number): number {
  const status = readFileSync(`/proc/${pid}/stat`, "utf8");
  // `42 (name, which may contain anything) S …`: user and system time are the 14th and 15th field, in ticks.
  const fields = status.slice(status.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** Until `holds` does; the test's own time limit ends what never comes true. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 25));
}
