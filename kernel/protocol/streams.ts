// Printed text, gathered for some milliseconds so that 20,000 lines are a few messages, never out of order.

/** Text waits this long for more of the same stream; short enough to look immediate. */
const gatherMilliseconds = 20;
/** A message of this many characters goes out at once. */
const fullLength = 65_536;
/** A longer text becomes several messages: how many may wait for a front end is counted in messages. */
const longest = 2 * fullLength;

export type StreamName = "stdout" | "stderr";

export class Streams<Source> {
  readonly #publish: (source: Source, name: StreamName, text: string) => void;
  #source: Source | undefined;
  #name: StreamName = "stdout";
  #parts: string[] = [];
  #length = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(publish: (source: Source, name: StreamName, text: string) => void) {
    this.#publish = publish;
  }

  /** Adds text that `source` (the request a message will have as parent) has printed. */
  write(source: Source, name: StreamName, text: string): void {
    if (source !== this.#source || name !== this.#name) this.flush();
    this.#source = source;
    this.#name = name;
    this.#parts.push(text);
    this.#length += text.length;
    if (this.#length >= fullLength) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), gatherMilliseconds);
  }

  /** Publishes what waits; whoever publishes anything else calls this first. */
  flush(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    const source = this.#source;
    if (source === undefined || this.#parts.length === 0) return;
    const text = this.#parts.join("");
    this.#parts = [];
    this.#length = 0;
    for (const piece of pieces(text)) this.#publish(source, this.#name, piece);
  }
}

/** `text` in messages, cut between characters. */
function* pieces(text: string): Generator<string> {
  for (let start = 0; start < text.length; ) {
    const isPair = /[\uD800-\uDBFF]/.test(text[start + longest - 1] ?? "");
    const end = start + longest - (isPair ? 1 : 0);
    yield text.slice(start, end);
    start = end;
  }
}
