/** The processes of this machine, as tests look for what should have ended. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

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

/** Where a process listens: `127.0.0.1:8888`; IPv6 addresses as the system writes them. */
export function listeners(pid: number): string[] {
  const own = new Set(
    readdirSync(`/proc/${pid}/fd`).map((name) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${name}`))?.[1];
      } catch {
        return undefined;
      }
    }),
  );
  return ["tcp", "tcp6"].flatMap((table) => {
    const lines = readFileSync(`/proc/${pid}/net/${table}`, "utf8").trim().split("\n").slice(1);
    return lines.flatMap((line) => {
      const [, local = "", , state, , , , , , inode] = line.trim().split(/\s+/);
      if (state !== listening || !own.has(inode)) return [];
      const [address = "", port = ""] = local.split(":");
      return [`${readable(address)}:${Number.parseInt(port, 16)}`];
    });
  });
}

/** The state of a socket that waits for others, in /proc/net/tcp. */
const listening = "0A";

/** IPv4 addresses stand there as one number in the machine's order of bytes. */
function readable(address: string): string {
  if (address.length > 8) return `[${address}]`;
  return [6, 4, 2, 0].map((at) => Number.parseInt(address.slice(at, at + 2), 16)).join(".");
}

/** All processes below one, whichever of its threads has started them. */
export function descendants(pid: number): number[] {
  const direct = readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8").split(" ").filter(Boolean).map(Number),
  );
  return direct.flatMap((child) => [child, ...descendants(child)]);
}
