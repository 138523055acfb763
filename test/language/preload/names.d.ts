// What a preloaded module looks like to the checker: values and types, from several files, with documentation.
export * from "./tensor.js";

import { linear } from "./tensor.js";
/** Layers. */
export declare const nn: { linear: typeof linear };
