/** Files on Node, for the data sets that are read from disk. Node only: nothing else in `data/` imports Node's modules. */

import { createHash } from "node:crypto";
import type { Stats } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import type { FileAccess } from "./fileAccess.ts";

const gunzipAsync: (bytes: Uint8Array) => Promise<Uint8Array> = promisify(gunzip);

export const nodeFiles: FileAccess = {
  environment: (name) => process.env[name],
  cacheDirectory,
  join,
  absolute: (path) => resolve(path.replace(/^~(?=$|[\\/])/, homedir())),

  isFile: async (path) => (await status(path))?.isFile() ?? false,
  isFolder: async (path) => (await status(path))?.isDirectory() ?? false,
  read: (path) => readFile(path),
  list: (folder) => readdir(folder),

  async writeWhole(path, bytes) {
    await mkdir(dirname(path), { recursive: true });
    const temporary = `${path}.${process.pid}.${Date.now()}.part`;
    try {
      await writeFile(temporary, bytes, { flush: true });
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  },

  gunzip: gunzipAsync,
  digest: async (algorithm, bytes) => createHash(algorithm).update(bytes).digest("hex"),

  showProgress(line, done) {
    // Spaces wipe what a longer line before it left; notebooks and terminals alike go back to the start at \r.
    process.stdout.write(`\r${line.padEnd(90)}${done ? "\n" : ""}`);
  },
};

/** nnlab's folder in the cache that the platform gives each user; `NNLAB_CACHE` names another. */
function cacheDirectory(): string {
  const { NNLAB_CACHE, XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  if (NNLAB_CACHE) return NNLAB_CACHE;
  if (process.platform === "darwin") return join(homedir(), "Library", "Caches", "nnlab");
  if (process.platform === "win32")
    return join(LOCALAPPDATA || join(homedir(), "AppData", "Local"), "nnlab", "Cache");
  return join(XDG_CACHE_HOME || join(homedir(), ".cache"), "nnlab");
}

/** Null where there is nothing, or nothing that may be looked at. */
async function status(path: string): Promise<Stats | null> {
  try {
    return await stat(path);
  } catch {
    return null;
  }
}
