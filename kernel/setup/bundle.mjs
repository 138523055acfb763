// Joins the modules of the program to a few files in dist/: to find and read four hundred takes several times as long as what
// they do when they are loaded. Packages stay outside. `bundle()` is for the set-up; by hand: `node kernel/setup/bundle.mjs`.

import { rmSync } from "node:fs";
import { isAbsolute, join, relative, sep } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { root } from "./layout.mjs";
import { filesUnder } from "./stamps.mjs";

/** What others start or import by its path; every thread's program is one. */
const entries = [
  "engine/index",
  "engine/backend/worker",
  "kernel/cli/main",
  "kernel/main",
  "kernel/language/worker",
  "kernel/preload/names",
  "kernel/protocol/worker",
  "kernel/view/drawing/worker",
];

const place = "__DIST__";

/** A module's own address stays what it was before it was joined to others: files are found relative to it. */
const addresses = {
  name: "addresses",
  transform(code, id) {
    if (!code.includes("import.meta.url")) return null;
    const path = relative(root, id).replaceAll(sep, "/").replace(/\.ts$/, ".js");
    // Lines stay where they are, and with them what the source map says of lines.
    return {
      code: code.replaceAll("import.meta.url", `new URL(${JSON.stringify(path)}, ${place}).href`),
      map: null,
    };
  },
  renderChunk(code, { fileName }) {
    const up = "../".repeat(fileName.split("/").length - 1) || "./";
    return { code: code.replaceAll(place, `new URL(${JSON.stringify(up)}, import.meta.url)`), map: null };
  },
};

/** Throws with the bundler's message; the files of the last time are then still there. */
export async function bundle() {
  const { rolldown } = await import("rolldown");
  const dist = join(root, "dist");
  const program = await rolldown({
    input: Object.fromEntries(entries.map((entry) => [entry, join(root, `${entry}.ts`)])),
    platform: "node",
    external: (id) => !id.startsWith(".") && !isAbsolute(id),
    plugins: [addresses],
  });
  const { output } = await program.write({
    dir: dist,
    format: "esm",
    entryFileNames: "[name].js",
    chunkFileNames: "kernel/shared/[name]-[hash].js",
    // Names of classes and functions are part of messages.
    keepNames: true,
    sourcemap: true,
  });
  await program.close();
  const written = new Set(output.map(({ fileName }) => join(dist, fileName)));
  for (const folder of ["engine", "kernel"])
    for (const file of filesUnder(join(dist, folder)))
      if (/\.js(\.map)?$/.test(file) && !written.has(file)) rmSync(file);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await bundle();
