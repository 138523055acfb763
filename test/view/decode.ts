/** Reads displays as a viewer would: for tests of pictures. */
import { decode } from "fast-png";
import { expect } from "vitest";
import { compiledChart } from "../../kernel/view/drawing/chart-image.ts";
import { type Displayable, displaySymbol, type MimeBundle, VEGALITE_MIME } from "../../kernel/view/mime.ts";

export interface Decoded {
  width: number;
  height: number;
  /** R, G, B of every pixel. */
  rgb: Uint8Array;
}

export function decodePng(png: Uint8Array): Decoded {
  const { width, height, data, palette, channels } = decode(png);
  const rgb = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) {
    const colour = palette ? palette[data[i]!]! : [...data.subarray(i * channels, i * channels + 3)];
    rgb.set(colour.slice(0, 3), 3 * i);
  }
  return { width, height, rgb };
}

/** What a display is to a front end. A chart of which Vega-Lite warns is a mistake of ours. */
export function bundleOf(shown: Displayable): MimeBundle {
  const bundle = shown[displaySymbol]();
  const spec = bundle.data[VEGALITE_MIME];
  if (typeof spec === "object" && spec !== null) {
    const log = { messages: [] };
    compiledChart(spec, log);
    expect(log.messages, `Vega-Lite on "${shown}"`).toEqual([]);
  }
  return bundle;
}

export function pictureOf(bundle: MimeBundle): Decoded {
  return decodePng(Buffer.from(String(bundle.data["image/png"]), "base64"));
}

export function textOf(bundle: MimeBundle): string {
  return String(bundle.data["text/plain"]);
}

export function specOf(bundle: MimeBundle): Record<string, unknown> {
  return bundle.data[VEGALITE_MIME] as Record<string, unknown>;
}

/** How many pixels have exactly this colour. */
export function countColour({ rgb }: Decoded, [red, green, blue]: readonly number[]): number {
  let count = 0;
  for (let i = 0; i < rgb.length; i += 3) {
    if (rgb[i] === red && rgb[i + 1] === green && rgb[i + 2] === blue) count++;
  }
  return count;
}

/** The share of pixels that are not white. */
export function inked(picture: Decoded): number {
  return 1 - countColour(picture, [255, 255, 255]) / (picture.width * picture.height);
}
