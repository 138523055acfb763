/** The kernels that are compared: how each is started, and how its language says the same things. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { kernelFlags, projectRoot, venvProgram } from "../../support/jupyter.ts";

export interface Contender {
  name: string;
  /** The command that starts it on a connection file. */
  command(connectionFile: string): string[];
  declaration(name: string, value: number): string;
  /** Asked for what comes after it. */
  completed: string;
}

const module = (...path: string[]): string => join(projectRoot, "node_modules", ...path);
const deno = join(import.meta.dirname, "node_modules", "@deno", "linux-x64-glibc", "deno");

const typescript = {
  declaration: (name: string, value: number): string => `const ${name} = ${value}`,
  completed: "Math.",
};

const all: readonly (Contender & { needs: string })[] = [
  {
    ...typescript,
    name: "nnlab",
    needs: join(projectRoot, "dist", "kernel", "main.js"),
    command: (file) => [
      process.execPath,
      ...kernelFlags,
      join(projectRoot, "dist", "kernel", "main.js"),
      file,
    ],
  },
  {
    ...typescript,
    name: "tslab",
    needs: module("tslab", "bin", "tslab"),
    command: (file) => [process.execPath, module("tslab", "bin", "tslab"), "kernel", `--config-path=${file}`],
  },
  {
    ...typescript,
    name: "Deno",
    needs: deno,
    command: (file) => [deno, "jupyter", "--kernel", "--conn", file],
  },
  {
    name: "ipykernel",
    needs: venvProgram("python"),
    command: (file) => [venvProgram("python"), "-m", "ipykernel_launcher", "-f", file],
    declaration: (name, value) => `${name} = ${value}`,
    completed: "str.",
  },
];

/** Those of `names` that are installed here; all, where none are named. */
export function contenders(names: readonly string[] = []): Contender[] {
  const unknown = names.filter((name) => !all.some((contender) => contender.name === name));
  if (unknown.length > 0)
    throw new RangeError(
      `no contender ${unknown.join(", ")}; there are ${all.map(({ name }) => name).join(", ")}`,
    );
  return all.filter(({ name, needs }) => existsSync(needs) && (names.length === 0 || names.includes(name)));
}
