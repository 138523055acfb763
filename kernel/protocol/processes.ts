// The processes around the kernel: its parent, whose death ends it, and its children, which an interrupt reaches.

import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/** How often the parent is looked for. */
const watchMilliseconds = 1000;

/** Calls `orphaned` when the process that started the kernel is gone: nobody could ever reach the kernel again. */
export function watchParent(orphaned: () => void): void {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (alive(parent)) return;
    clearInterval(timer);
    orphaned();
  }, watchMilliseconds);
  timer.unref();
}

function alive(parent: number): boolean {
  if (process.platform !== "win32") return process.ppid === parent;
  try {
    return process.kill(parent, 0);
  } catch {
    return false;
  }
}

/**
 * Sends SIGINT to all processes below the kernel, as a terminal does: a cell may be waiting for one in `execSync`, and
 * the shell that this starts does not pass the signal on.
 */
export function interruptChildren(): void {
  signalChildren("SIGINT");
}

/** Ends all processes below the kernel: what cells have started must not outlive it. */
export function endChildren(): void {
  signalChildren("SIGTERM");
}

function signalChildren(signal: NodeJS.Signals): void {
  if (process.platform === "linux") signalBelow(process.pid, processTable(), signal);
  else if (process.platform !== "win32") {
    const list = execFileSync("ps", ["-axo", "pid=,ppid="], { encoding: "utf8" });
    const table = list.split("\n").map((line) => line.trim().split(/\s+/).map(Number));
    signalBelow(process.pid, table, signal);
  }
}

/** Process and parent, of every process that can be seen. */
function processTable(): number[][] {
  const table: number[][] = [];
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      // `42 (name, which may contain anything) S 17 …`
      const status = readFileSync(`/proc/${pid}/stat`, "utf8");
      const [, parent] = status.slice(status.lastIndexOf(")") + 2).split(" ");
      table.push([Number(pid), Number(parent)]);
    } catch {
      // It has just ended.
    }
  }
  return table;
}

function signalBelow(top: number, table: number[][], signal: NodeJS.Signals): void {
  for (const [pid, parent] of table) {
    if (pid === undefined || parent !== top) continue;
    signalBelow(pid, table, signal);
    try {
      process.kill(pid, signal);
    } catch {
      // It has ended by itself.
    }
  }
}
