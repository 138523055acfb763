// Compiles the kernels to dist/engine/kernels/: simd128.wasm for every engine with SIMD, relaxed.wasm with fused
// multiply-add. `buildKernels()` is for the build script; `node engine/kernels/build.mjs` does the same by hand.

import { mkdirSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "..", "..");
const outputFolder = join(root, "dist", "engine", "kernels");

const builds = [
  { file: "simd128.wasm", features: ["simd", "threads"] },
  { file: "relaxed.wasm", features: ["simd", "threads", "relaxed-simd"] },
];

/** Compiles both builds; throws with the compiler's own message. */
export async function buildKernels() {
  const { default: asc } = await import("assemblyscript/asc");
  mkdirSync(outputFolder, { recursive: true });
  for (const { file, features } of builds) {
    const options = [
      join(here, "index.ts"),
      "--outFile",
      join(outputFolder, file),
      "--runtime",
      "stub",
      "-O3",
      "--converge",
      "--noAssert",
      "--importMemory",
      "--sharedMemory",
      "--initialMemory",
      "1",
      "--maximumMemory",
      "65536",
      ...features.flatMap((feature) => ["--enable", feature]),
    ].map((argument) => (argument.startsWith(root) ? relative(root, argument) : argument));
    const { error, stderr } = await asc.main([...options, "--baseDir", root]);
    if (error)
      throw new Error(`the kernels do not compile (${file}):\n${stderr.toString()}`, { cause: error });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildKernels();
