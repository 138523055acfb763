/** Weight files on Node. Node only: nothing else in `exchange/` imports Node's modules. */

import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { ArgumentError, describeValue } from "../errors.ts";
import type { WeightFile } from "./safetensors.ts";

/** Gives an opened file to `use` and closes it whatever happens. */
export async function withFile<T>(path: string, use: (file: WeightFile) => Promise<T>): Promise<T> {
  checkPath("loadSafetensors", path);
  const handle = await open(path).catch((error: unknown) => {
    throw cannotRead(path, error);
  });
  try {
    const status = await handle.stat();
    if (status.isDirectory()) throw cannotRead(path, Object.assign(new Error(), { code: "EISDIR" }));
    const { size } = status;
    return await use({
      size,
      async read(start, length) {
        const bytes = new Uint8Array(length);
        let done = 0;
        while (done < length) {
          const { bytesRead } = await handle.read(
            bytes,
            done,
            Math.min(length - done, 2 ** 30),
            start + done,
          );
          if (bytesRead === 0) break;
          done += bytesRead;
        }
        return bytes.subarray(0, done);
      },
    });
  } finally {
    await handle.close();
  }
}

/** Writes a file's parts; the file appears under its name when it is whole, never half. */
export async function writeParts(
  operation: "saveSafetensors" | "saveOnnx",
  path: string,
  parts: Iterable<Uint8Array>,
): Promise<void> {
  checkPath(operation, path);
  await mkdir(dirname(path), { recursive: true }).catch((error: unknown) => {
    throw cannotWrite(operation, path, error);
  });
  const temporary = `${path}.${process.pid}.${Date.now()}.part`;
  try {
    const handle = await open(temporary, "w");
    try {
      for (const part of parts) {
        let done = 0;
        while (done < part.length)
          done += (await handle.write(part, done, Math.min(part.length - done, 2 ** 30))).bytesWritten;
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw cannotWrite(operation, path, error);
  }
}

function cannotRead(path: string, error: unknown): unknown {
  return explained("loadSafetensors", error, {
    ENOENT: `there is no file ${path} in ${process.cwd()}; give its path from there, or the whole path`,
    EISDIR: `${path} is a folder; add the name of the file`,
    ENOTDIR: `a part of ${path} is a file, not a folder`,
    EACCES: `this user may not read ${path}`,
    EPERM: `this user may not read ${path}`,
  });
}

function cannotWrite(operation: string, path: string, error: unknown): unknown {
  return explained(`${operation}: cannot write ${path}`, error, {
    EACCES: "this user may not write there",
    EPERM: "this user may not write there",
    EROFS: "nothing can be written there",
    EISDIR: "it is a folder; add the name of a file",
    ENOTDIR: "a part of the path is a file, not a folder",
    EEXIST: "a part of the path is a file, not a folder",
    ENOSPC: "the disk is full",
  });
}

/** What the system said, as a sentence; anything else as it is. */
function explained(what: string, error: unknown, reasons: Readonly<Record<string, string>>): unknown {
  const reason = error instanceof Error && "code" in error ? reasons[String(error.code)] : undefined;
  return reason === undefined ? error : new ArgumentError(`${what}: ${reason}`, { cause: error });
}

/** A path is a text that is not empty. */
export function checkPath(operation: string, path: unknown): void {
  if (typeof path === "string" && path !== "") return;
  const order: Record<string, string> = {
    saveSafetensors: "; first the state, then the path",
    saveOnnx: "; first the path, then the model and an example",
  };
  const turned = order[operation] ?? "";
  throw new ArgumentError(`${operation}: the path must be a text, got ${describeValue(path)}${turned}`);
}
