// Keeps what V8 makes of our JavaScript between starts of the kernel; each thread asks for it by itself.

import { mkdirSync } from "node:fs";
import { enableCompileCache } from "node:module";
import { homedir } from "node:os";
import { join } from "node:path";

/** In the user's caches, not among the temporary files, where others could put code of theirs. */
export function keepCompiledCode(): void {
  const caches = process.env.XDG_CACHE_HOME || join(homedir(), ".cache");
  const folder = join(caches, "nnlab", "compiled");
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    enableCompileCache(folder);
  } catch {
    // A home that cannot be written only makes the start slower.
  }
}
