// Writes the kernel where Jupyter finds it, and takes it away again.

import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CliError, kernelMain, type Runtime } from "./place.ts";

const templateFolder = fileURLToPath(new URL("../kernelspec/", import.meta.url));

/** What Jupyter reads: https://jupyter-client.readthedocs.io/en/stable/kernels.html#kernel-specs */
export interface KernelSpec {
  argv: string[];
  display_name: string;
  language: string;
  interrupt_mode: "message";
  metadata: Record<string, unknown>;
}

/** The kernel's description with this machine's paths in it. */
export function kernelSpec(runtime: Runtime, main: string = kernelMain): KernelSpec {
  const template: KernelSpec = JSON.parse(readFileSync(join(templateFolder, "kernel.json"), "utf8"));
  const values: Readonly<Record<string, string>> = { "{node}": runtime.path, "{main}": main };
  return { ...template, argv: template.argv.map((word) => values[word] ?? word) };
}

/** Writes kernel.json and the logos to `folder`, replacing what an earlier version left. */
export function install(folder: string, runtime: Runtime): void {
  if (!existsSync(kernelMain)) {
    throw new CliError(
      `the kernel is not built: ${kernelMain} does not exist`,
      "run `npm start` or `npm run build` in the folder of nnlab first",
    );
  }
  try {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    for (const name of readdirSync(templateFolder))
      copyFileSync(join(templateFolder, name), join(folder, name));
    writeFileSync(join(folder, "kernel.json"), `${JSON.stringify(kernelSpec(runtime), null, 2)}\n`);
  } catch (error) {
    throw refusedBy(folder, error);
  }
}

/** Removes `folder`; false where there was none. */
export function uninstall(folder: string): boolean {
  if (!existsSync(folder)) return false;
  try {
    rmSync(folder, { recursive: true });
  } catch (error) {
    throw refusedBy(folder, error);
  }
  return true;
}

function refusedBy(folder: string, error: unknown): CliError {
  const reason = error instanceof Error ? error.message : String(error);
  return new CliError(
    `${folder} cannot be written: ${reason}`,
    "use --user, or --prefix with a folder that is yours",
  );
}
