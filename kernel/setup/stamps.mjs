// Which steps are done already. A step's stamp holds the hash of what it depends on; it is removed before the step
// starts and written when it has succeeded, so that a step that was cut short is done again.

import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";

/** Hash of texts and of files' names and contents; folders count with all that is in them. */
export function hashOf(texts, paths = []) {
  const hash = createHash("sha256");
  for (const text of texts) hash.update(`${text.length}:${text}`);
  for (const path of paths.flatMap(filesUnder)) {
    const content = readFileSync(path);
    hash.update(`${path}:${content.length}:`).update(content);
  }
  return hash.digest("hex");
}

/** The files of a folder and its subfolders in a fixed order, or the file itself. */
export function filesUnder(path) {
  if (!existsSync(path)) return [];
  if (statSync(path).isFile()) return [path];
  const names = readdirSync(path).sort();
  return names.filter((name) => !name.startsWith(".")).flatMap((name) => filesUnder(join(path, name)));
}

/** Stamps of the steps, one file each, in a folder of their own. */
export function stampsIn(folder) {
  const file = (name) => join(folder, `${name.replaceAll(" ", "-")}.stamp`);
  return {
    /** The hash that the step last succeeded with, or null. */
    read(name) {
      return existsSync(file(name)) ? readFileSync(file(name), "utf8") : null;
    },
    write(name, hash) {
      mkdirSync(dirname(file(name)), { recursive: true });
      // By renaming: a machine that loses power leaves the old stamp or the new one, never half of it.
      writeFileSync(`${file(name)}.new`, hash);
      renameSync(`${file(name)}.new`, file(name));
    },
    remove(name) {
      rmSync(file(name), { force: true });
    },
  };
}

/**
 * Keeps two set-ups of one folder apart: waits while another process holds the lock, takes over from one that died.
 * Returns the function that gives the lock back.
 */
export async function lock(folder, onWait, pause = 500) {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, "lock");
  let told = false;
  while (true) {
    try {
      writeFileSync(path, String(process.pid), { flag: "wx" });
      return () => rmSync(path, { force: true });
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
    const holder = holderOf(path);
    if (holder === "dead") {
      rmSync(path, { force: true });
      continue;
    }
    if (!told) {
      onWait(holder);
      told = true;
    }
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

/** The process that holds the lock, or "dead". A lock without a process in it is being written, unless it is old. */
function holderOf(path) {
  try {
    const pid = Number(readFileSync(path, "utf8"));
    if (pid > 0) return isAlive(pid) ? pid : "dead";
    return Date.now() - statSync(path).mtimeMs > 5000 ? "dead" : "starting";
  } catch {
    return "dead";
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}
