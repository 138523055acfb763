/** What the kernel takes from this folder: `show.*`, and the hooks by which the engine's objects show themselves. */
export { installViews } from "./hooks.ts";
export type { Displayable, MimeBundle, Publisher } from "./mime.ts";
export { displaySymbol } from "./mime.ts";
/** Pictures of data, networks and results. Each function returns a displayable: the last value of a cell, or `display(…)`. */
export * as show from "./show.ts";
export { type Progress, type ProgressOptions, progress } from "./training/progress.ts";
