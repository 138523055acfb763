/** How far a download has come, as one line of output. */

import type { DownloadProgress } from "./download.ts";
import type { FileAccess } from "./fileAccess.ts";

/** One line that is rewritten a few times a second, unless the user watches by `onProgress`. */
export class ProgressLine {
  readonly #access: FileAccess;
  readonly #title: string;
  readonly #watcher: ((progress: DownloadProgress) => void) | null;
  #shownAt = -Infinity;
  #shown = false;

  constructor(access: FileAccess, title: string, watcher: ((progress: DownloadProgress) => void) | null) {
    this.#access = access;
    this.#title = title;
    this.#watcher = watcher;
  }

  show(progress: DownloadProgress): void {
    if (this.#watcher !== null) {
      this.#watcher(progress);
      return;
    }
    const { file, receivedBytes, totalBytes } = progress;
    const complete = receivedBytes === totalBytes;
    if (performance.now() - this.#shownAt < 250 && !complete) return;
    this.#shownAt = performance.now();
    this.#shown = true;
    const of = totalBytes === null ? "" : ` of ${megabytes(totalBytes)}`;
    this.#access.showProgress(
      `${this.#title}: downloading ${file}: ${megabytes(receivedBytes)}${of} MB`,
      false,
    );
  }

  end(line: string): void {
    if (this.#shown) this.#access.showProgress(line, true);
  }
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
