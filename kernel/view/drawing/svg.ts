/** SVG with text as outlines, and its pixels at twice the size. Runs in the drawing thread. */
import { type RenderedImage, Resvg, type ResvgRenderOptions, renderAsync } from "@resvg/resvg-js";
import { fontSize, ink } from "../theme.ts";
import { type FontWeight, textPath, textWidth } from "./font.ts";

/** Pixels per CSS pixel of every picture. */
export const SCALE = 2;

export interface TextStyle {
  size?: number;
  weight?: FontWeight;
  colour?: string;
  anchor?: "start" | "middle" | "end";
  /** Further attributes, such as a transform. */
  attributes?: string;
}

/** A line of text as one path; y is its baseline. */
export function svgText(text: string, x: number, y: number, style: TextStyle = {}): string {
  const {
    size = fontSize.label,
    weight = "normal",
    colour = ink.text,
    anchor = "start",
    attributes = "",
  } = style;
  const share = anchor === "start" ? 0 : anchor === "middle" ? 0.5 : 1;
  const left = share === 0 ? x : x - share * textWidth(text, size, weight);
  return `<path d="${textPath(text, left, y, size, weight)}" fill="${colour}" stroke="none" ${attributes}/>`;
}

export function svgRect(x: number, y: number, width: number, height: number, attributes: string): string {
  return `<rect x="${x}" y="${y}" width="${width}" height="${height}" ${attributes}/>`;
}

export function svgDocument(width: number, height: number, content: string): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${content}</svg>`;
}

export interface Pixels {
  rgba: Uint8Array;
  width: number;
  height: number;
}

/** Larger pictures nobody can see, and resvg would end the process for want of memory. In CSS pixels. */
const MOST_PIXELS = 16e6;

/** Pixels of an SVG on white, `SCALE` to a CSS pixel. */
export function rasterise(svg: string): Pixels {
  requireDrawable(svg);
  return pixelsOf(new Resvg(svg, options).render());
}

/** As `rasterise`, by a thread of Node's pool: several at once where there are cores. */
export async function rasteriseMeanwhile(svg: string): Promise<Pixels> {
  requireDrawable(svg);
  return pixelsOf(await renderAsync(svg, options));
}

const options: ResvgRenderOptions = {
  fitTo: { mode: "zoom", value: SCALE },
  background: ink.paper,
  font: { loadSystemFonts: false },
};

const pixelsOf = (image: RenderedImage): Pixels => ({
  rgba: image.pixels,
  width: image.width,
  height: image.height,
});

function requireDrawable(svg: string): void {
  const [, width, height] = /^<svg [^>]*?\bwidth="([\d.]+)" height="([\d.]+)"/.exec(svg) ?? [];
  if (Number(width) * Number(height) > MOST_PIXELS)
    throw new RangeError(
      `a picture of ${width} × ${height} pixels is too large; marks beyond an axis need clip`,
    );
}
