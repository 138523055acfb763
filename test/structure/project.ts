// What the project consists of: the files that git knows, or everything but generated folders where there is no git.

import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";

export const root: string = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

const generated = new Set(["node_modules", "dist", ".venv", ".setup", ".git", ".ipynb_checkpoints"]);

/** Paths relative to the root, with `/` on every platform. */
export const files: readonly string[] = listFiles();

function listFiles(): string[] {
  const git = spawnSync("git", ["ls-files", "-z"], { cwd: root, encoding: "utf8", maxBuffer: 1 << 26 });
  const listed = git.status === 0 ? git.stdout.split("\0").filter((name) => name !== "") : walk("");
  return listed.filter((name) => existsSync(join(root, name))).sort();
}

function walk(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    if (generated.has(entry.name)) return [];
    const path = posix.join(folder, entry.name);
    return entry.isDirectory() ? walk(path) : [path];
  });
}

export function read(file: string): string {
  return readFileSync(join(root, file), "utf8");
}

/** The folders of the given depth: 1 for `engine`, 2 for `engine/nn`. */
export function folders(depth: number): string[] {
  const parents = files.map((file) => file.split("/").slice(0, -1)).filter((parts) => parts.length >= depth);
  return [...new Set(parts(parents, depth))].sort();
}

function parts(parents: readonly string[][], depth: number): string[] {
  return parents.map((names) => names.slice(0, depth).join("/"));
}
