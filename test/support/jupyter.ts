/** Starts the project's own Jupyter programs (from `.venv`) for tests, each in a folder and with settings of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const projectRoot: string = fileURLToPath(new URL("../..", import.meta.url));

const kernelSpec: { argv: string[] } = JSON.parse(
  readFileSync(join(projectRoot, "kernel", "kernelspec", "kernel.json"), "utf8"),
);
/** The flags with which Jupyter starts a kernel. */
export const kernelFlags: readonly string[] = kernelSpec.argv.filter((argument) => argument.startsWith("--"));

/** Path of a program of the project's virtual environment, such as `jupyter` or `python`. */
export function venvProgram(name: string): string {
  return process.platform === "win32"
    ? join(projectRoot, ".venv", "Scripts", `${name}.exe`)
    : join(projectRoot, ".venv", "bin", name);
}

/** An environment without the settings and the data sets of the person who runs the tests; writes only to `folder`. */
export function isolatedEnvironment(folder: string): NodeJS.ProcessEnv {
  const { NNLAB_DATA: _, ...environment } = process.env;
  return {
    ...environment,
    NNLAB_CACHE: join(folder, "cache"),
    JUPYTER_CONFIG_DIR: join(folder, "config"),
    JUPYTER_DATA_DIR: join(folder, "data"),
    JUPYTER_RUNTIME_DIR: join(folder, "runtime"),
    IPYTHONDIR: join(folder, "ipython"),
  };
}

export function temporaryFolder(label: string): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), `nnlab-${label}-`));
  return { path, remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 5 }) };
}

/** Ports that were handed out: the system may give one again before anybody has bound it. */
const givenPorts = new Set<number>();

export async function freePort(): Promise<number> {
  for (;;) {
    const probe = createServer();
    await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
    const address = probe.address();
    await new Promise((resolve) => probe.close(resolve));
    if (address === null || typeof address === "string") throw new Error("no TCP port could be had");
    if (givenPorts.has(address.port)) continue;
    givenPorts.add(address.port);
    return address.port;
  }
}

export interface Finished {
  readonly code: number | null;
  readonly output: string;
}

/** Runs a program to its end; `output` is stdout and stderr together, in the order they came. */
export async function runProgram(
  program: string,
  args: readonly string[],
  options: { cwd: string; env: NodeJS.ProcessEnv },
): Promise<Finished> {
  const child = spawn(program, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    output += chunk.toString();
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  return { code, output };
}

export interface JupyterServer {
  readonly baseUrl: string;
  readonly token: string;
  stop(): Promise<void>;
}

/** A real Jupyter server on a free local port, up and answering; `application` is `lab` or `server`. */
export async function startJupyter(
  application: "lab" | "server",
  notebooks: string,
  settings: string,
): Promise<JupyterServer> {
  const port = await freePort();
  const token = "nnlab-test";
  const args = [
    application,
    "--no-browser",
    "--ServerApp.ip=127.0.0.1",
    `--ServerApp.port=${port}`,
    "--ServerApp.port_retries=0",
    `--ServerApp.root_dir=${notebooks}`,
    `--IdentityProvider.token=${token}`,
    "--ServerApp.allow_root=True",
    "--LanguageServerManager.autodetect=False",
    // A kernel that dies in its first seconds is given new ports, and a client that connects again at once may be joined to
    // the old ones and then hears nothing; what tests kill counts as one that has run for long.
    "--KernelRestarter.random_ports_until_alive=False",
    ...(application === "lab" ? ["--LabApp.expose_app_in_browser=True"] : []),
  ];
  const child = spawn(venvProgram("jupyter"), args, {
    cwd: notebooks,
    env: isolatedEnvironment(settings),
    stdio: ["ignore", "pipe", "pipe"],
  });
  let log = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => {
      log += chunk.toString();
    });
  const baseUrl = `http://127.0.0.1:${port}/`;
  const deadline = Date.now() + 60_000;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`jupyter ${application} ended at once:\n${log}`);
    const answer = await fetch(`${baseUrl}api/status?token=${token}`).catch(() => null);
    if (answer?.ok) break;
    if (Date.now() > deadline) {
      child.kill("SIGKILL");
      throw new Error(`jupyter ${application} did not answer within 60 s:\n${log}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return { baseUrl, token, stop: () => stopProcess(child) };
}

async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("close", resolve));
  child.kill("SIGTERM");
  const impatience = setTimeout(() => child.kill("SIGKILL"), 10_000);
  await ended;
  clearTimeout(impatience);
}
