/** What the engine needs of a file system, so that it knows none itself: `nodeFiles.ts` has it on Node. */

export type DigestAlgorithm = "sha256" | "md5";

/** What reading and keeping files takes: `nodeFiles.ts` on Node. */
export interface FileAccess {
  /** An environment variable, or undefined. */
  environment(name: string): string | undefined;
  /** The folder in which this user's programs keep what they can fetch again. */
  cacheDirectory(): string;
  join(...parts: readonly string[]): string;
  /** The whole path of what a user wrote: `~/data`, `../data`. */
  absolute(path: string): string;
  isFile(path: string): Promise<boolean>;
  isFolder(path: string): Promise<boolean>;
  read(path: string): Promise<Uint8Array>;
  /** The names of what is in a folder, in no order. */
  list(folder: string): Promise<string[]>;
  /** Either the whole file is there afterwards or nothing changed; makes the folder. */
  writeWhole(path: string, bytes: Uint8Array): Promise<void>;
  gunzip(bytes: Uint8Array): Promise<Uint8Array>;
  /** In hexadecimal. */
  digest(algorithm: DigestAlgorithm, bytes: Uint8Array): Promise<string>;
  /** Shows a line that replaces the one shown before; `done` ends it. */
  showProgress(line: string, done: boolean): void;
}
