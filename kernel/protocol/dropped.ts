// Counts the messages that were dropped, by channel and reason. A flood of them must not become a flood in the log.

/** How many of one kind are logged one by one; after that, each time the number has grown tenfold. */
const loggedEach = 5;

export class Dropped {
  readonly #log: (message: string) => void;
  readonly #counts = new Map<string, number>();

  constructor(log: (message: string) => void) {
    this.#log = log;
  }

  count(channel: string, reason: string): void {
    const kind = `dropped a message on ${channel}: ${reason}`;
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    if (count <= loggedEach) this.#log(kind);
    else if (Number.isInteger(Math.log10(count))) this.#log(`${kind} (${count} times by now)`);
  }
}
