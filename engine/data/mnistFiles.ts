/** The four IDX files of MNIST or of a set that is laid out like it, whole, decompressed and compared with the originals. */

import { DataError } from "./errors.ts";
import type { FileAccess } from "./fileAccess.ts";
import { readIdx } from "./idx.ts";
import {
  checkOriginal,
  type Digest,
  obtain,
  type PublishedDataOptions,
  type PublishedFile,
  type PublishedSet,
} from "./publishedFiles.ts";

/** A file of the data set as its authors made it. */
export interface OriginalFile {
  readonly name: string;
  readonly dimensions: 1 | 3;
  /** Length, decompressed. */
  readonly length: number;
  readonly checksum: Checksum;
}

/** What tells an original: the digest of the decompressed content or of the `.gz` file. */
export interface Checksum extends Digest {
  readonly of: "content" | "archive";
}

/** A data set of four IDX files. */
export interface MnistLike extends Omit<PublishedSet<IdxFile>, "files" | "wanted"> {
  readonly classes: readonly string[];
  readonly originals: readonly OriginalFile[];
}

/** A file as found: its path, for messages, and its decompressed content, a whole IDX file. */
export interface IdxFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** Training images, training labels, test images, test labels. */
export type FourFiles = readonly [IdxFile, IdxFile, IdxFile, IdxFile];

/** The four files, each whole and, where it has the original's length, the original (unless `verify` is false); or an error. */
export async function obtainMnist(
  access: FileAccess,
  options: PublishedDataOptions & { readonly verify?: boolean },
  set: MnistLike,
): Promise<FourFiles> {
  const files = set.originals.map((original) => published(set.title, original, options.verify ?? true));
  const wanted = "these four files (as they are, or decompressed)";
  const [trainImages, trainLabels, testImages, testLabels] = await obtain(access, options, {
    ...set,
    files,
    wanted,
  });
  return [trainImages!, trainLabels!, testImages!, testLabels!];
}

function published(title: string, original: OriginalFile, verify: boolean): PublishedFile<IdxFile> {
  const { name, length, checksum } = original;
  const dotted = name.replace(/-(idx\d)/, ".$1");
  return {
    archive: `${name}.gz`,
    names: [name, `${name}.gz`, dotted, `${dotted}.gz`],
    async open(access, path, raw, source) {
      if (source === "folder") return unpack(access, title, path, original, raw, verify);
      if (source === "mirror" && checksum.of === "archive" && !isGzip(raw))
        throw new DataError(
          `${path}: expected a gzip file, whose checksum is known, found another kind of file`,
        );
      const found = await unpack(access, title, path, original, raw, true);
      if (found.bytes.length === length) return found;
      throw new DataError(`${path}: expected ${length} bytes (decompressed), found ${found.bytes.length}`);
    },
  };
}

/** Decompresses where the content (not the name) says gzip, and compares full-sized files with the original. */
async function unpack(
  access: FileAccess,
  title: string,
  path: string,
  { dimensions, length, checksum }: OriginalFile,
  raw: Uint8Array,
  verify: boolean,
): Promise<IdxFile> {
  const bytes = isGzip(raw) ? await decompress(access, path, raw) : raw;
  readIdx(bytes, dimensions, path);
  if (verify && bytes.length === length && (checksum.of === "content" || isGzip(raw)))
    await checkOriginal(
      access,
      title,
      path,
      checksum,
      checksum.of === "content" ? bytes : raw,
      "the file is damaged. For another data set of the same format, write verify: false",
    );
  return { path, bytes };
}

function isGzip(raw: Uint8Array): boolean {
  return raw[0] === 0x1f && raw[1] === 0x8b;
}

async function decompress(access: FileAccess, path: string, raw: Uint8Array): Promise<Uint8Array> {
  try {
    return await access.gunzip(raw);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new DataError(
      `${path}: expected a whole gzip file, found a ${/unexpected end/.test(reason) ? "truncated" : "corrupt"} one of ${raw.length} bytes (${reason}); fetch it again`,
      { cause: error },
    );
  }
}
