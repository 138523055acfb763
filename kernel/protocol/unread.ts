// Which messages ZeroMQ still holds. It does not say so, but refers to their memory until every front end has taken them: what
// garbage collection finds unused has been read, or belonged to a front end that is gone.

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** How often garbage is collected to learn more, while somebody waits to hear it; this thread has little of it. */
const lookMilliseconds = 250;

export class Unread {
  readonly #held = new Set<number>();
  readonly #registry = new FinalizationRegistry<number>((message) => this.#held.delete(message));
  #count = 0;
  #timer: NodeJS.Timeout | null = null;
  #last = 0;
  #callback: () => void = () => undefined;

  /** Notes a message that has been given to ZeroMQ; `frames` must not be kept elsewhere. */
  add(frames: readonly Buffer[]): void {
    // ZeroMQ copies frames of some bytes.
    const longest = frames.reduce((a, b) => (b.byteLength > a.byteLength ? b : a));
    this.#held.add(++this.#count);
    this.#registry.register(longest, this.#count);
  }

  /** Calls back once, when nothing is held any more of what has been added until now; forgets earlier callbacks. */
  whenRead(callback: () => void): void {
    this.#last = this.#count;
    this.#callback = callback;
    this.#timer ??= setInterval(() => this.#look(), lookMilliseconds).unref();
  }

  #look(): void {
    // Numbers are held in the order in which they were added. This may be seen one look late, since the collector tells later.
    const [oldest = Number.POSITIVE_INFINITY] = this.#held;
    if (oldest > this.#last) {
      if (this.#timer) clearInterval(this.#timer);
      this.#timer = null;
      this.#callback();
    } else collectGarbage();
  }
}

function collectGarbage(): void {
  // In force for the contexts made meanwhile, and so for none of the user's.
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  setFlagsFromString("--no-expose-gc");
  collect();
}
