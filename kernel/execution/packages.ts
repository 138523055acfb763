// `%install`: npm, run in the notebook's folder. npm writes JSON for us on stdout and what it fetches on stderr; nothing of
// it reaches the student's stderr, which would cost marks.

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { delimiter, dirname, join } from "node:path";
import { currentCell } from "./cell.ts";
import { formatDuration } from "./variables.ts";

export class InstallError extends Error {
  override readonly name = "InstallError";
}

/** How often the line of progress is written anew. */
const progressMilliseconds = 500;
const searchMilliseconds = 10_000;

/** A name of the registry, with a version or not. */
const packageName = /^(?:@[\w~-][\w.~-]*\/)?[a-z0-9~-][\w.~-]*(?:@[^\s@]+)?$/i;

interface Npm {
  program: string;
  arguments: string[];
}

/** What npm says of a failure in JSON. */
interface NpmError {
  code: string;
  summary: string;
  detail: string;
}

/**
 * Adds `packages` (`zod`, `zod@3`, `@scope/name`) to the folder's package.json and node_modules, with the types that
 * DefinitelyTyped has for those that bring none.
 * @throws InstallError that says what to do.
 */
export async function installPackages(packages: readonly string[], folder: string): Promise<void> {
  const builtin = packages.find((each) => isBuiltin(each));
  if (builtin) {
    const specifier = builtin.startsWith("node:") ? builtin : `node:${builtin}`;
    throw new InstallError(
      `${builtin} is a part of Node and needs no installing: import it from "${specifier}"`,
    );
  }
  if (packages.includes("nnlab"))
    throw new InstallError('nnlab is what runs here: its names are loaded, and import … from "nnlab" works');
  const wrong = packages.find((each) => !packageName.test(each));
  if (wrong !== undefined)
    throw new InstallError(`${wrong} is no name of a package; write names like zod, zod@3 or @scope/name`);
  const npm = findNpm();
  if (!npm)
    throw new InstallError(
      `npm was found neither beside ${process.execPath} nor in PATH; install Node with npm (https://nodejs.org), then restart the kernel`,
    );
  const manifest = join(folder, "package.json");
  const isNew = !existsSync(manifest);
  const before = versions(packages, folder);
  // Without one of its own npm would write into a folder above.
  if (isNew) writeFileSync(manifest, `${JSON.stringify({ private: true }, null, 2)}\n`);
  try {
    await install(npm, packages, folder, `Installing ${packages.join(", ")}`);
  } catch (error) {
    if (isNew) rmSync(manifest, { force: true });
    throw error;
  }
  const untyped = [...versions(packages, folder).keys()].filter((name) => !hasTypes(name, folder));
  for (const name of untyped) await installTypes(npm, name, folder);
  for (const [name, version] of versions(packages, folder)) {
    const old = before.get(name);
    const changed = old !== undefined && old !== version;
    console.log(
      `${name} ${version} is installed${changed ? ` in place of ${old}; if it was imported already, restart the kernel` : ""}.`,
    );
  }
}

async function installTypes(npm: Npm, name: string, folder: string): Promise<void> {
  const types = `@types/${name.replace(/^@(.*)\//, "$1__")}`;
  try {
    await install(npm, [types], folder, `Looking for the types of ${name}`);
  } catch (error) {
    if (!(error instanceof InstallError)) throw error;
    console.log(`${name} brings no types, and there is no ${types}: it can be used, unchecked.`);
  }
}

/** Runs `npm install`, with a line on stdout that tells how far it is. */
async function install(npm: Npm, packages: readonly string[], folder: string, title: string): Promise<void> {
  const began = performance.now();
  let fetched = 0;
  let written = 0;
  const write = (text: string): void => {
    // A carriage return takes the line back where the front end knows it; elsewhere it begins another.
    process.stdout.write(`${written++ > 0 ? "\r" : ""}${text}`);
  };
  const tell = (): void => {
    const files = fetched === 0 ? "" : `, ${fetched} answers of the registry`;
    write(`${title} … ${Math.round((performance.now() - began) / 1000)} s${files}`);
  };
  write(`${title} …`);
  const timer = setInterval(tell, progressMilliseconds);
  try {
    const options = [
      "--prefix",
      folder,
      "--no-audit",
      "--no-fund",
      "--no-update-notifier",
      "--json",
      "--loglevel=http",
    ];
    const { code, output, log } = await run(npm, ["install", ...options, ...packages], folder, (line) => {
      if (line.startsWith("npm http fetch")) fetched++;
    });
    if (code !== 0) throw new InstallError(await explain(npm, packages, folder, errorOf(output, log)));
    write(`${title} … done in ${formatDuration(performance.now() - began)}`);
  } finally {
    clearInterval(timer);
    process.stdout.write("\n");
  }
}

interface Finished {
  code: number | null;
  output: string;
  log: string;
}

/** Runs npm to its end; an interrupt of the cell ends it. */
function run(
  npm: Npm,
  args: readonly string[],
  folder: string,
  said: (line: string) => void = () => undefined,
): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child: ChildProcess = spawn(npm.program, [...npm.arguments, ...args], {
      cwd: folder,
      env: environment(),
      stdio: ["ignore", "pipe", "pipe"],
      shell: process.platform === "win32" && npm.program.endsWith(".cmd"),
    });
    const { cleanups } = currentCell();
    const stop = (): void => void child.kill("SIGTERM");
    cleanups.add(stop);
    let output = "";
    let log = "";
    let line = "";
    child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
      output += chunk;
    });
    child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
      log += chunk;
      const lines = (line + chunk).split("\n");
      line = lines.pop() ?? "";
      for (const each of lines) said(each);
    });
    child.on("error", (error) => {
      cleanups.delete(stop);
      reject(new InstallError(`npm could not be started: ${error.message}`, { cause: error }));
    });
    child.on("close", (code) => {
      cleanups.delete(stop);
      resolve({ code, output, log });
    });
  });
}

/** npm hands its own settings on to what it runs; those of `npm start` are not this folder's. */
function environment(): NodeJS.ProcessEnv {
  const inherited =
    /^npm_(?:package_|lifecycle_|command$|execpath$|config_(?:local_prefix|prefix|noproxy$|global_prefix|init_module|node_gyp|npm_version))/i;
  const entries = Object.entries(process.env).filter(([name]) => !inherited.test(name));
  return { ...Object.fromEntries(entries), NO_COLOR: "1" };
}

/** The npm that belongs to the running Node, or else the one in PATH. */
export function findNpm(node: string = process.execPath, path: string = process.env.PATH ?? ""): Npm | null {
  const folder = dirname(node);
  for (const modules of [join(folder, "..", "lib", "node_modules"), join(folder, "node_modules")]) {
    const script = join(modules, "npm", "bin", "npm-cli.js");
    if (existsSync(script)) return { program: node, arguments: [script] };
  }
  const name = process.platform === "win32" ? "npm.cmd" : "npm";
  for (const each of path.split(delimiter)) {
    if (each !== "" && existsSync(join(each, name))) return { program: join(each, name), arguments: [] };
  }
  return null;
}

function errorOf(output: string, log: string): NpmError {
  try {
    const { error }: { error?: Partial<NpmError> } = JSON.parse(output.slice(output.indexOf("{")));
    if (error) return { code: error.code ?? "", summary: error.summary ?? "", detail: error.detail ?? "" };
  } catch {
    // It failed before it could say why in JSON.
  }
  const said = log.split("\n").filter((line) => /^npm (?:error|ERR!)/.test(line));
  const texts = said.map((line) => line.replace(/^npm (?:error|ERR!) ?/, ""));
  const code = texts.find((text) => text.startsWith("code "))?.slice("code ".length) ?? "";
  return { code, summary: texts.filter((text) => !text.startsWith("code ")).join("\n"), detail: "" };
}

const unreachable = new Set([
  "ENOTFOUND",
  "EAI_AGAIN",
  "ECONNREFUSED",
  "ECONNRESET",
  "ETIMEDOUT",
  "ENETUNREACH",
  "EHOSTUNREACH",
  "ERR_SOCKET_TIMEOUT",
  "FETCH_ERROR",
  "ENOTCACHED",
]);

async function explain(
  npm: Npm,
  packages: readonly string[],
  folder: string,
  error: NpmError,
): Promise<string> {
  const { code, summary, detail } = error;
  const first = summary.split("\n").find((line) => line.trim() !== "") ?? "";
  if (unreachable.has(code)) {
    const host = /https?:\/\/[^/\s]+/.exec(`${summary} ${detail}`)?.[0] ?? "the registry";
    return `npm could not reach ${host} (${code}); %install needs a network: try again when there is one`;
  }
  if (code === "E404") {
    const missing = packages.filter((each) =>
      `${summary} ${detail}`.includes(each.replace(/(?<=.)@.*$/, "")),
    );
    const name = (missing[0] ?? packages[0] ?? "").replace(/(?<=.)@.*$/, "");
    const near = await similar(npm, name, folder);
    return `npm has no package ${name}; ${near ? `did you mean ${near}?` : "look for its name on https://www.npmjs.com"}`;
  }
  if (code === "ETARGET") return `npm has no such version: ${first}`;
  if (code === "EACCES" || code === "EPERM" || code === "EROFS")
    return `npm may not write into ${folder} (${code}); open the notebook in a folder of your own`;
  if (code === "ENOSPC") return "npm found no space left on the disk";
  if (code === "ERESOLVE")
    return `the packages do not fit together: ${[first, detail].filter(Boolean).join("\n")}`;
  return `npm failed${code ? ` (${code})` : ""}: ${[first, detail].filter(Boolean).join("\n") || "it did not say why"}`;
}

/** The package that the registry's search finds nearest to a name that it does not have. */
async function similar(npm: Npm, name: string, folder: string): Promise<string | null> {
  try {
    const args = [
      "search",
      "--json",
      "--searchlimit=5",
      `--fetch-timeout=${searchMilliseconds}`,
      "--fetch-retries=0",
      name,
    ];
    const { code, output } = await run(npm, args, folder);
    if (code !== 0) return null;
    const found: { name?: string }[] = JSON.parse(output);
    const { nearest } = await import("../language/hints.ts");
    return nearest(
      name,
      found.flatMap((each) => each.name ?? []),
    );
  } catch {
    // A registry need not have a search; the name is as unknown as before.
    return null;
  }
}

/** The installed versions, by the names of the packages asked for; only of those that are named plainly. */
function versions(packages: readonly string[], folder: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const each of packages) {
    const name = each.replace(/(?<=.)@.*$/, "");
    const { version } = manifestOf(name, folder);
    if (typeof version === "string") found.set(name, version);
  }
  return found;
}

/** Whether the package brings declarations, or `@types` has them here. */
function hasTypes(name: string, folder: string): boolean {
  const manifest = manifestOf(name, folder);
  if (manifest.types !== undefined || manifest.typings !== undefined) return true;
  if (/"types"|\.d\.[cm]?ts"/.test(JSON.stringify(manifest.exports ?? null))) return true;
  const modules = join(folder, "node_modules");
  return (
    existsSync(join(modules, name, "index.d.ts")) ||
    existsSync(join(modules, "@types", name.replace(/^@(.*)\//, "$1__"))) ||
    name.startsWith("@types/")
  );
}

function manifestOf(name: string, folder: string): Record<string, unknown> {
  try {
    return JSON.parse(readFileSync(join(folder, "node_modules", name, "package.json"), "utf8"));
  } catch {
    return {};
  }
}
