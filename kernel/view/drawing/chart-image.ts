/** A Vega-Lite specification to SVG with text as outlines. Imports Vega (150 ms), so the drawing thread loads it when first needed. */
import * as vega from "vega";
import { compile, type TopLevelSpec } from "vega-lite";
import { withoutIdleClips } from "./clip.ts";
import { textWidth } from "./font.ts";
import { svgText } from "./svg.ts";

const isBold = (weight: unknown) => weight === "bold" || Number(weight) >= 600;

interface MeasuredItem {
  fontSize?: number;
  fontWeight?: unknown;
  limit?: number;
}

/** Vega's hook for widths, which its declarations leave out. */
interface Measuring {
  textMetrics: { width(item: MeasuredItem, text: unknown): number };
}

// Vega guesses widths where there is no canvas (0.8 em a character); these are the true ones.
(vega as typeof vega & Measuring).textMetrics.width = (item, text) => {
  const width = textWidth(
    String(text ?? ""),
    item.fontSize ?? 11,
    isBold(item.fontWeight) ? "bold" : "normal",
  );
  return item.limit ? Math.min(width, item.limit) : width;
};

/** Vega-Lite's messages about a specification, for tests: a valid one has none. */
export interface CompileLog {
  messages: string[];
}

/** What Vega-Lite makes of a specification, for Vega; its messages go to `log`. */
export function compiledChart(spec: object, log: CompileLog) {
  const logger = loggerTo(log);
  return { compiled: compile(spec as TopLevelSpec, { logger }).spec, logger };
}

function loggerTo(log: CompileLog) {
  const note = (...parts: readonly unknown[]) => {
    log.messages.push(parts.map(String).join(" "));
    return logger;
  };
  const level = (() => logger) as () => typeof logger & number;
  const logger = { level, error: note, warn: note, info: () => logger, debug: () => logger };
  return logger;
}

export async function chartSvg(spec: object, log: CompileLog = { messages: [] }): Promise<string> {
  const view = viewOf(spec, log);
  try {
    return await svgOf(view);
  } finally {
    view.finalize();
  }
}

/** The chart for each value of its parameter `step`, 1 to `count`. */
export async function chartSvgs(spec: object, count: number): Promise<string[]> {
  const view = viewOf(spec, { messages: [] });
  try {
    const svgs: string[] = [];
    for (let step = 1; step <= count; step++) svgs.push(await svgOf(view.signal("step", step)));
    return svgs;
  } finally {
    view.finalize();
  }
}

function viewOf(spec: object, log: CompileLog): vega.View {
  const { compiled, logger } = compiledChart(withoutWords(spec), log);
  return new vega.View(vega.parse(compiled), { renderer: "none", logger });
}

const svgOf = async (view: vega.View): Promise<string> => textAsOutlines(forResvg(await view.toSVG()));

/**
 * The specification without what pixels do not show: the words under the pointer and those for screen readers, which Vega would put
 * together for each mark (a quarter to a half of a chart's time).
 */
function withoutWords(spec: object): object {
  return {
    ...(withoutTooltips(spec) as object),
    config: { ...("config" in spec ? (spec.config as object) : {}), aria: false },
  };
}

/** Data and looks have no parts that show on pointing. */
const noParts = new Set(["values", "datasets", "config", "transform", "title"]);

function withoutTooltips(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(withoutTooltips);
  if (typeof part !== "object" || part === null) return part;
  return Object.fromEntries(
    Object.entries(part)
      .filter(([name]) => name !== "tooltip")
      .map(([name, value]) => [name, noParts.has(name) ? value : withoutTooltips(value)]),
  );
}

/**
 * Vega's SVG without what resvg cannot take. It knows the first of Vega's two words for "do not smooth this image" only, and the last
 * one counts. And it aborts the process, beyond any catch, where something that it draws on a layer of its own lies far outside the
 * picture, as data beyond an axis may: so marks become transparent without a layer, and each clipped group, which is a layer, has a
 * dot in the picture that nobody sees.
 */
function forResvg(svg: string): string {
  return withoutIdleClips(svg)
    .replaceAll(" image-rendering: pixelated;", "")
    .replace(/<path\b[^>]* opacity="[^>]*>/g, withoutLayer)
    .replace(
      /<g\b[^>]*\bclip-path="[^>]*>/g,
      '$&<path d="M0,0h1v1h-1Z" fill="white" fill-opacity="0.0001"/>',
    );
}

/** A path whose opacity is that of its fill and its stroke. */
function withoutLayer(path: string): string {
  const opacity = Number(attribute(path, "opacity"));
  const own = (part: string) =>
    `${part}-opacity="${opacity * Number(attribute(path, `${part}-opacity`) ?? 1)}"`;
  return path
    .replace(/ (fill-|stroke-|)opacity="[^"]*"/g, "")
    .replace("<path", `<path ${own("fill")} ${own("stroke")}`);
}

const attribute = (attributes: string, name: string): string | undefined =>
  new RegExp(`(?:^|\\s)${name}="([^"]*)"`).exec(attributes)?.[1];

const unescapeXml = (text: string) =>
  text.replace(/&(lt|gt|amp|quot|#39|nbsp|#160);/g, (_, name: string) => {
    const letters: Record<string, string> = { lt: "<", gt: ">", amp: "&", quot: '"', "#39": "'" };
    return letters[name] ?? " ";
  });

/** Replaces the `<text>` elements as Vega writes them: attributes, then characters or `<tspan>` lines; empty ones it closes at once. */
function textAsOutlines(svg: string): string {
  return svg
    .replace(/<text\b[^>]*\/>/g, "")
    .replace(/<text\b([^>]*)>(.*?)<\/text>/gs, (_, attributes: string, content: string) => {
      const size = Number.parseFloat(attribute(attributes, "font-size") ?? "11");
      const anchor = (attribute(attributes, "text-anchor") ?? "start") as "start" | "middle" | "end";
      const kept = ["transform", "opacity", "fill-opacity"].map((name) => {
        const value = attribute(attributes, name);
        return value === undefined ? "" : `${name}="${value}"`;
      });
      const style = {
        size,
        anchor,
        weight: isBold(attribute(attributes, "font-weight")) ? "bold" : "normal",
        colour: attribute(attributes, "fill") ?? "#000",
      } as const;
      let y = 0;
      const lines = content.includes("<tspan")
        ? [...content.matchAll(/<tspan\b([^>]*)>(.*?)<\/tspan>/gs)]
        : [["", "", content]];
      const paths = lines.map(([, own, text]) => {
        y += Number.parseFloat(attribute(own ?? "", "dy") ?? "0");
        return svgText(unescapeXml(text ?? ""), 0, y, style);
      });
      return `<g ${kept.join(" ")}>${paths.join("")}</g>`;
    });
}
