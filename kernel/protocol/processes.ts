// The processes around the kernel: its parent, whose death ends it, and its children, which an interrupt reaches.

import { execFile } from "node:child_process";
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

/** Sends SIGINT to the kernel's child processes, as a terminal does; a cell may be waiting for one in `execSync`. */
export function interruptChildren(): void {
  if (process.platform === "linux") {
    for (const thread of readdirSync("/proc/self/task")) {
      try {
        interruptAll(readFileSync(`/proc/self/task/${thread}/children`, "utf8"));
      } catch {
        // The thread has just ended.
      }
    }
  } else if (process.platform !== "win32") {
    execFile("pgrep", ["-P", String(process.pid)], (error, list) => {
      if (!error) interruptAll(list);
    });
  }
}

function interruptAll(list: string): void {
  for (const pid of list.split(/\s+/).filter(Boolean)) {
    try {
      process.kill(Number(pid), "SIGINT");
    } catch {
      // It has ended by itself.
    }
  }
}
