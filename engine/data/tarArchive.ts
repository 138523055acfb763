/** The files in a tar archive. Node-only, as it takes the package that reads them; nothing is ever written to disk. */
import { unpackTar } from "modern-tar";

/** Contents by the last part of their names: where an archive says that a file belongs does not matter. */
export async function filesInTar(bytes: Uint8Array): Promise<Map<string, Uint8Array>> {
  const entries = await unpackTar(bytes, { strict: true });
  const files = new Map<string, Uint8Array>();
  for (const { header, data } of entries)
    if (data !== undefined) files.set(header.name.split("/").at(-1)!, data);
  return files;
}
