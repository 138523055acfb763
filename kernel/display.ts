// How a value is shown: as the MIME bundle that it makes of itself, else as text. Knows no engine and no chart.

import { randomUUID } from "node:crypto";
import { inspect } from "node:util";
import { type Cell, currentCell } from "./execution/cell.ts";
import type { PublishedMessage } from "./execution/messages.ts";
import type { MimeBundle, Publisher } from "./view/mime.ts";

/** The method by which any object shows itself; other kernels for JavaScript look for it too. */
export const displaySymbol: unique symbol = Symbol.for("Jupyter.display");

/** Longer texts are cut: a notebook keeps every output in its file. */
const longestText = 20_000;

const inspectOptions = {
  depth: 4,
  maxArrayLength: 100,
  maxStringLength: 10_000,
  breakLength: 80,
  colors: false,
} as const;

/** A value as text, never coloured, cut where it is long. */
export function toText(value: unknown): string {
  const text = inspect(value, inspectOptions);
  if (text.length <= longestText) return text;
  const cut = text.slice(0, longestText).replace(/[\uD800-\uDBFF]$/, "");
  return `${cut}\n… ${text.length - cut.length} more characters`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return isRecord(value) && typeof value.then === "function";
}

/** What a `Jupyter.display` method returned, with bytes as base64 and with text for front ends without pictures. */
function normalise(made: unknown, value: unknown): Required<MimeBundle> {
  if (!isRecord(made))
    throw new TypeError(`Jupyter.display must return a record from MIME types to data, got ${toText(made)}`);
  const isBundle = isRecord(made.data);
  const data: Record<string, unknown> = {};
  for (const [mime, content] of Object.entries(isBundle ? (made.data as Record<string, unknown>) : made)) {
    if (content === undefined) continue;
    data[mime] = content instanceof Uint8Array ? Buffer.from(content).toString("base64") : content;
  }
  data["text/plain"] ??= toText(value);
  return { data, metadata: isBundle && isRecord(made.metadata) ? made.metadata : {} };
}

/** The bundle of any value; a promise of it where its display takes time. */
export function toBundle(value: unknown): Required<MimeBundle> | Promise<Required<MimeBundle>> {
  const method: unknown =
    (typeof value === "object" && value !== null) || typeof value === "function"
      ? Reflect.get(value, displaySymbol)
      : undefined;
  if (typeof method !== "function") return { data: { "text/plain": toText(value) }, metadata: {} };
  const made: unknown = Reflect.apply(method, value, []);
  if (isThenable(made)) return Promise.resolve(made).then((bundle) => normalise(bundle, value));
  return normalise(made, value);
}

interface Front {
  publish(cell: Cell, message: PublishedMessage, content: string): void;
  failed(cell: Cell, error: unknown): void;
}

let front: Front | null = null;

/** Connects this module to the front end; before that, what is displayed is printed. */
export function connectDisplay(connected: Front): void {
  front = connected;
}

function publish(
  cell: Cell,
  message: "display_data" | "update_display_data",
  bundle: MimeBundle,
  id?: string,
) {
  const { data, metadata = {} } = bundle;
  const transient = id === undefined ? {} : { display_id: id };
  if (front) front.publish(cell, message, JSON.stringify({ data, metadata, transient }));
  else console.log(data["text/plain"]);
}

function show(message: "display_data" | "update_display_data", value: unknown, id: string): void {
  const cell = currentCell();
  const bundle = toBundle(value);
  if (!(bundle instanceof Promise)) {
    publish(cell, message, bundle, id);
    return;
  }
  // An update must not overtake what it updates, so displays that take time go one after the other.
  const earlier = [...cell.displays];
  const shown = bundle
    .then(async (made) => {
      await Promise.all(earlier);
      publish(cell, message, made, id);
    })
    .catch((error) => front?.failed(cell, error))
    .finally(() => cell.displays.delete(shown));
  cell.displays.add(shown);
}

/** An output that can be replaced. */
export class DisplayHandle {
  /** By it `display(value, { id })` and other frontends name the place. */
  readonly id: string;

  constructor(id: string) {
    this.id = id;
  }

  /** Shows `value` in the place of what was shown before. */
  update(value: unknown): void {
    show("update_display_data", value, this.id);
  }
}

/**
 * Shows a value below the cell, as often as you like in one cell.
 *
 * `id` names the output, so that a later cell can replace it too.
 *
 * @example
 * const progress = display("starting");
 * progress.update("done");
 */
export function display(value: unknown, options: { id?: string } = {}): DisplayHandle {
  const handle = new DisplayHandle(options.id ?? randomUUID());
  show("display_data", value, handle.id);
  return handle;
}

/** Removes what the cell has shown so far; with `wait`, not before there is something new to show. */
export function clearOutput(options: { wait?: boolean } = {}): void {
  const content = JSON.stringify({ wait: options.wait ?? false });
  front?.publish(currentCell(), "clear_output", content);
}

/** For views that show things by themselves: the dashboard of a training, live pictures. */
export const publisher: Publisher = {
  display: (bundle, id) => publish(currentCell(), "display_data", bundle, id),
  update: (bundle, id) => publish(currentCell(), "update_display_data", bundle, id),
  atEnd: (last) => void currentCell().endings.add(last),
};
