/** Other libraries as contenders: where they are, and how each is started. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Recipe } from "../contenders.ts";

const here = import.meta.dirname;

/** By label: what Node runs, in this folder. */
export const peers: Readonly<Record<string, readonly [module: string, ...options: string[]]>> = {
  "tfjs wasm": ["tfjs.mjs", "wasm"],
  "tfjs cpu": ["tfjs.mjs", "cpu"],
  "jax-js": ["jax.mjs"],
};

export const peerLabels: readonly string[] = Object.keys(peers);

/** Throws where the packages are not installed, which `npm run bench -- --peers` does before it comes here. */
export function peerRecipes(folder = here): Recipe[] {
  if (!existsSync(join(folder, "node_modules", ".package-lock.json")))
    throw new Error(
      "the libraries to compare with are not installed: start this as `npm run bench -- --peers`, which installs them, or run `npm ci --prefix test/bench/peers`",
    );
  return Object.entries(peers).map(([label, [module, ...options]]) => ({
    label,
    command: [process.execPath, join(folder, module), ...options],
    env: {},
  }));
}
