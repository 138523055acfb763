/** What the API reference covers: the engine, and all that a notebook finds loaded. */
export * from "../../engine/index.ts";
export type { DisplayHandle } from "../../kernel/display.ts";
export * from "../../kernel/preload/names.ts";
