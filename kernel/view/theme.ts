/** One look for every picture: fonts, sizes and colours, for Vega-Lite charts and for composed images alike. */

export const FONT_STACK = "DejaVu Sans, Verdana, Segoe UI, sans-serif";

/** Font sizes in CSS pixels. */
export const fontSize = { title: 14, label: 11, small: 10 } as const;

export const ink = {
  strong: "#1b2733",
  text: "#3a4754",
  muted: "#6b7785",
  line: "#c9d1d9",
  grid: "#e6eaee",
  paper: "#ffffff",
} as const;

/** Okabe and Ito's palette, which colour-blind readers can tell apart (jfly.uni-koeln.de/color), darkest first. */
export const palette: readonly string[] = [
  "#0072b2",
  "#d55e00",
  "#009e73",
  "#aa4499",
  "#e69f00",
  "#56b4e9",
  "#332288",
  "#7a7a7a",
];

/** Dashes in CSS pixels, so that series differ in print and without colour too. */
export const dashes: readonly (readonly number[])[] = [
  [1, 0],
  [6, 3],
  [2, 2],
  [8, 3, 2, 3],
];

export const role = {
  train: "#0072b2",
  validation: "#d55e00",
  right: "#00795a",
  wrong: "#c2410c",
} as const;

/** The Vega-Lite configuration every chart carries, valid in versions 5 and 6. */
export const vegaConfig = {
  background: ink.paper,
  font: FONT_STACK,
  padding: 10,
  axis: {
    labelColor: ink.text,
    titleColor: ink.text,
    labelFontSize: fontSize.small,
    titleFontSize: fontSize.label,
    titleFontWeight: "normal",
    titlePadding: 8,
    gridColor: ink.grid,
    domainColor: ink.line,
    tickColor: ink.line,
    tickSize: 4,
    labelOverlap: true,
  },
  legend: {
    labelColor: ink.text,
    titleColor: ink.text,
    labelFontSize: fontSize.label,
    titleFontSize: fontSize.label,
    titleFontWeight: "normal",
    symbolStrokeWidth: 2,
    labelLimit: 220,
  },
  header: { labelColor: ink.strong, labelFontSize: fontSize.label, titleColor: ink.text },
  title: {
    color: ink.strong,
    fontSize: fontSize.title,
    fontWeight: "bold",
    subtitleColor: ink.muted,
    subtitleFontSize: fontSize.label,
    subtitlePadding: 5,
    anchor: "start",
    offset: 10,
  },
  view: { stroke: null },
  range: { category: [...palette] },
} as const;
