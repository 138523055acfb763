/** A bar that tells how far a loop of one's own is, as text: it goes through anything that can be gone through. */
import { randomUUID } from "node:crypto";
import { ArgumentError, describeValue } from "../../../engine/errors.ts";
import { checkOptions } from "../../../engine/options.ts";
import type { Publisher } from "../mime.ts";
import { formatCount, formatNumber, formatSeconds } from "../wording.ts";

/** Options of `progress`. */
export interface ProgressOptions {
  /** What is done, before the bar. */
  label?: string;
  /** How many there will be; found by itself where the source has a `length` or `size`. */
  total?: number;
}

/** What can be gone through by `for`, by `for await`, or by both, as its source can. */
export type Progress<Source> = (Source extends Iterable<infer Item> ? Iterable<Item> : unknown) &
  (Source extends AsyncIterable<infer Item> ? AsyncIterable<Item> : unknown);

/** Where a bar is shown, and how: replaced in tests. */
export interface ProgressPlace {
  publisher: Publisher;
  /** Show the bar while it grows; else only its last line, for graders who read outputs as answers. */
  live: boolean;
  now(): number;
}

let notebook: ProgressPlace | null = null;

/** Where the bars of `progress` go from now on; without a place there are none. */
export function showProgressAt(where: ProgressPlace | null): void {
  notebook = where;
}

/**
 * Goes through a loader, an array or anything else that can be gone through, and shows a bar below the cell: how many are done,
 * how fast, and how long it will still take. Ends in one line.
 *
 * @throws ArgumentError for something that cannot be gone through.
 * @example
 * for (const [x, y] of progress(loader)) { nn.crossEntropy(model(x), y).backward(); optimizer.step(); }
 * for (const _ of progress(Array(200), { label: "shuffling" })) randperm(1000);
 */
export function progress<Source extends Iterable<unknown> | AsyncIterable<unknown>>(
  source: Source,
  options: ProgressOptions = {},
): Progress<Source> {
  checkOptions("progress", options, ["label", "total"]);
  return progressAt(notebook ?? nowhere, source, options);
}

const nowhere: ProgressPlace = {
  publisher: { display: () => {}, update: () => {}, atEnd: () => {} },
  live: false,
  now: () => performance.now(),
};

/** As `progress`, for another place than the notebook. */
export function progressAt<Source extends Iterable<unknown> | AsyncIterable<unknown>>(
  where: ProgressPlace,
  source: Source,
  options: ProgressOptions,
): Progress<Source> {
  const [sync, async] =
    source === null || source === undefined
      ? [undefined, undefined]
      : [Reflect.get(Object(source), Symbol.iterator), Reflect.get(Object(source), Symbol.asyncIterator)];
  if (typeof sync !== "function" && typeof async !== "function")
    throw new ArgumentError(
      `progress: expected something to go through, such as a loader or an array, got ${describeValue(source)}`,
    );
  const total = options.total ?? sizeOf(source);
  if (options.total !== undefined && !(Number.isInteger(options.total) && options.total >= 0))
    throw new ArgumentError(
      `progress: total must be a whole number from 0, got ${describeValue(options.total)}`,
    );
  const start = () => new ProgressBar(options.label ?? "", total, where);
  const made: { [Symbol.iterator]?: unknown; [Symbol.asyncIterator]?: unknown } = {};
  if (typeof sync === "function")
    made[Symbol.iterator] = function* () {
      const bar = start();
      try {
        for (const item of source as Iterable<unknown>) {
          yield item;
          bar.advance();
        }
        bar.end("done");
      } finally {
        bar.end("stopped");
      }
    };
  if (typeof async === "function")
    made[Symbol.asyncIterator] = async function* () {
      const bar = start();
      try {
        for await (const item of source as AsyncIterable<unknown>) {
          yield item;
          bar.advance();
        }
        bar.end("done");
      } finally {
        bar.end("stopped");
      }
    };
  return made as Progress<Source>;
}

/** `length` of arrays and loaders, `size` of sets and maps. */
function sizeOf(source: object): number | undefined {
  for (const name of ["length", "size"]) {
    const size: unknown = Reflect.get(Object(source), name);
    if (typeof size === "number" && Number.isInteger(size)) return size;
  }
  return undefined;
}

/** More often nobody can read. */
const PAUSE_MS = 100;
const WIDTH = 24;
/** Parts of a letter's width, from none to all of it. */
const eighths = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"];

class ProgressBar {
  readonly #id = randomUUID();
  readonly #label: string;
  readonly #total: number | undefined;
  readonly #where: ProgressPlace;
  readonly #start: number;
  #shown: number;
  #count = 0;
  #ended = false;

  constructor(label: string, total: number | undefined, where: ProgressPlace) {
    this.#label = label;
    this.#total = total;
    this.#where = where;
    this.#start = where.now();
    this.#shown = this.#start;
    if (where.live) where.publisher.display(bundle(this.#line(0)), this.#id);
    // A loop that neither ends nor breaks off, as by an interrupt, has its last line too.
    where.publisher.atEnd(() => this.end("stopped"));
  }

  advance(): void {
    this.#count++;
    const now = this.#where.now();
    if (!this.#where.live || now - this.#shown < PAUSE_MS) return;
    this.#shown = now;
    this.#where.publisher.update(bundle(this.#line((now - this.#start) / 1000)), this.#id);
  }

  /** The last line; what comes after it changes nothing. */
  end(how: "done" | "stopped"): void {
    if (this.#ended) return;
    this.#ended = true;
    const seconds = (this.#where.now() - this.#start) / 1000;
    const { publisher, live } = this.#where;
    const line = bundle(this.#lastLine(how, seconds));
    if (live) publisher.update(line, this.#id);
    else publisher.display(line, this.#id);
  }

  /** A total that turns out too small is none. */
  get #known(): number | undefined {
    return this.#total !== undefined && this.#count <= this.#total ? this.#total : undefined;
  }

  /** `reading  ██████████▌               44 %  44 of 100, 22 per second, 2.5 s left`. */
  #line(seconds: number): string {
    const total = this.#known;
    const parts = [`${formatCount(this.#count)}${total === undefined ? "" : ` of ${formatCount(total)}`}`];
    if (this.#count > 0 && seconds > 0) parts.push(rate(this.#count / seconds));
    if (total === undefined) {
      if (seconds > 0) parts.push(formatSeconds(seconds));
      return [this.#label, parts.join(", ")].filter((part) => part !== "").join("  ");
    }
    if (this.#count > 0 && seconds > 0)
      parts.push(`${formatSeconds((seconds / this.#count) * (total - this.#count))} left`);
    const share = total === 0 ? 1 : this.#count / total;
    const percent = `${Math.floor(100 * share)} %`.padStart(5);
    return [this.#label, drawn(share), percent, parts.join(", ")].filter((part) => part !== "").join("  ");
  }

  /** `reading: 100 of 100 in 4.5 s, 22 per second.` */
  #lastLine(how: "done" | "stopped", seconds: number): string {
    const total = this.#known;
    const count = `${formatCount(this.#count)}${total === undefined ? "" : ` of ${formatCount(total)}`}`;
    const speed = this.#count > 0 && seconds > 0 ? `, ${rate(this.#count / seconds)}` : "";
    const label = this.#label === "" ? "" : `${this.#label}: `;
    return `${label}${how === "stopped" ? "stopped after " : ""}${count} in ${formatSeconds(seconds)}${speed}.`;
  }
}

const bundle = (line: string) => ({ data: { "text/plain": line } });

const rate = (perSecond: number): string =>
  perSecond >= 1 || perSecond === 0
    ? `${formatNumber(perSecond)} per second`
    : `${formatSeconds(1 / perSecond)} each`;

/** A bar of full width; what is left of it in light shade. */
function drawn(share: number): string {
  const parts = Math.round(share * WIDTH * 8);
  const filled = `${"█".repeat(Math.floor(parts / 8))}${eighths[parts % 8]}`;
  return filled + "░".repeat(WIDTH - [...filled].length);
}
