/**
 * Pictures compared with how they were when somebody looked at them: the PNG and the chart's specification, kept in
 * `snapshots/`; a table as its Markdown. With `NNLAB_UPDATE_PICTURES=1` in the environment they are written anew; look at them before you commit.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { type Displayable, type MimeBundle, VEGALITE_MIME } from "../../kernel/view/mime.ts";
import { bundleOf, decodePng } from "./decode.ts";

export const snapshotFolder = join(import.meta.dirname, "snapshots");
const update = process.env.NNLAB_UPDATE_PICTURES === "1";

/** What a display may weigh at most, as the JSON that travels to the front end. */
const mostBytes = 200_000;
/**
 * CSS pixels: a notebook's column beside JupyterLab's side bar on a small screen. Front ends make an image smaller where the
 * column is narrower, a chart they do not.
 */
export const widest = (formats: MimeBundle["data"]): number => (VEGALITE_MIME in formats ? 780 : 940);
/** Edges may be smoothed a little differently on another processor. */
const tolerance = { channel: 12, share: 0.002 };

/** Asks of a display what is asked of every one, and that it looks as its snapshot `name`. Returns its bundle. */
export function expectPicture(name: string, shown: Displayable, most: number = mostBytes): MimeBundle {
  const bundle = bundleOf(shown);
  const {
    "text/plain": sentence,
    "text/markdown": table,
    "image/png": png,
    [VEGALITE_MIME]: spec,
  } = bundle.data;
  expect(String(shown)).toBe(sentence);
  expect(JSON.stringify(bundle).length, "bytes of the display").toBeLessThan(most);
  if (spec !== undefined) compareText(`${name}.json`, `${JSON.stringify(spec, withoutPixels, 1)}\n`);
  if (table !== undefined) {
    compareText(`${name}.md`, `${table}\n`);
  } else {
    expect(sentence, "the result as a sentence").toMatch(/\S+ .*[.!?]$/s);
    expect(bundle.metadata?.["image/png"]).toMatchObject({ alt: sentence });
    const { width } = bundle.metadata!["image/png"] as { width: number };
    expect(width, "CSS pixels").toBeLessThanOrEqual(widest(bundle.data));
    comparePng(`${name}.png`, Buffer.from(String(png), "base64"));
  }
  return bundle;
}

/** Images in a chart are compared as pixels: another processor may compress them in other bytes. */
function withoutPixels(_key: string, value: unknown): unknown {
  return typeof value === "string" && value.startsWith("data:image/png") ? "data:image/png;base64,…" : value;
}

function compareText(file: string, text: string): void {
  const path = join(snapshotFolder, file);
  if (keep(path, text)) return;
  expect(text).toBe(readFileSync(path, "utf8"));
}

function comparePng(file: string, png: Buffer): void {
  const path = join(snapshotFolder, file);
  if (keep(path, png)) return;
  const [now, before] = [decodePng(png), decodePng(readFileSync(path))];
  expect([now.width, now.height], `size of ${file}`).toEqual([before.width, before.height]);
  let different = 0;
  for (let i = 0; i < now.rgb.length; i += 3) {
    const off = (k: number) => Math.abs(now.rgb[i + k]! - before.rgb[i + k]!) > tolerance.channel;
    if (off(0) || off(1) || off(2)) different++;
  }
  expect(
    different / (now.width * now.height),
    `share of pixels that differ from ${file}`,
  ).toBeLessThanOrEqual(tolerance.share);
}

/** Writes the snapshot where that is asked for; a missing one is a failure otherwise. */
function keep(path: string, content: string | Buffer): boolean {
  if (update) {
    mkdirSync(snapshotFolder, { recursive: true });
    writeFileSync(path, content);
    return true;
  }
  if (!existsSync(path))
    throw new Error(`no snapshot ${path}: run with NNLAB_UPDATE_PICTURES=1 and look at it`);
  return false;
}
