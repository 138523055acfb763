// `nnlab doctor`: what runs where, and what is wrong. Besides kernel/preload/names.ts the only file of the kernel that asks
// the engine, and only how it computes.

import { existsSync, readFileSync } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";
import type { KernelSpec } from "./install.ts";
import {
  ask,
  CliError,
  courseVenv,
  kernelMain,
  kernelName,
  kernelRuntime,
  onPath,
  type Runtime,
  userDataFolder,
  versionOf,
} from "./place.ts";

export interface Problem {
  readonly problem: string;
  readonly remedy: string;
}

export interface Report {
  readonly nnlab: string;
  /** The Node that runs the kernel. */
  readonly node: Runtime | null;
  readonly typescript: string | null;
  readonly tslab: string | null;
  readonly jupyter: Jupyter | null;
  readonly backend: Backend | null;
  /** Every place where Jupyter would find the kernel, the one it takes first. */
  readonly kernelspecs: readonly Found[];
  readonly problems: readonly Problem[];
}

export interface Jupyter {
  readonly python: string;
  readonly pythonVersion: string;
  readonly jupyterlab: string | null;
  readonly nbconvert: string | null;
  readonly nbgrader: string | null;
}

export interface Backend {
  readonly name: string;
  readonly simd: string;
  readonly threads: number;
  readonly blas: string | null;
}

export interface Found {
  readonly folder: string;
  readonly argv: readonly string[] | null;
}

/** Looks at everything; never throws. */
export async function examine(): Promise<Report> {
  const problems: Problem[] = [];
  const node = findRuntime(problems);
  for (const name of ["typescript", "tslab", "zeromq"]) {
    if (versionOf(name) === null)
      problems.push({
        problem: `the package ${name} is missing`,
        remedy: "run `npm start` in a checkout, else `npm install nnlab`",
      });
  }
  if (!existsSync(kernelMain))
    problems.push({ problem: `the kernel is not built (${kernelMain})`, remedy: "run `npm run build`" });
  const backend = await describeBackend(problems);
  const { jupyter, paths } = findJupyter(problems);
  const kernelspecs = findKernels(paths, problems);
  return {
    nnlab: versionOf("nnlab") ?? "unknown",
    node,
    typescript: versionOf("typescript"),
    tslab: versionOf("tslab"),
    jupyter,
    backend,
    kernelspecs,
    problems,
  };
}

function findRuntime(problems: Problem[]): Runtime | null {
  try {
    return kernelRuntime();
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    problems.push({ problem: error.message, remedy: error.remedy });
    return null;
  }
}

const startupRemedy =
  "the engine works all the same; set NNLAB_BLAS to a library's path or to none, NNLAB_THREADS to a number, or unset them";

async function describeBackend(problems: Problem[]): Promise<Backend | null> {
  try {
    const { getBackend } = await import("../../engine/index.ts");
    const backend = getBackend().describe();
    const { startupProblems } = await import("../../engine/node.ts");
    for (const problem of startupProblems()) problems.push({ problem, remedy: startupRemedy });
    if (backend.simd === "none")
      problems.push({
        problem: `the engine computes without SIMD (backend "${backend.name}"), many times slower than it could`,
        remedy: "run `npm run build`, and use Node 22 or newer on a processor with SIMD",
      });
    return { name: backend.name, simd: backend.simd, threads: backend.threads, blas: backend.blas };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    problems.push({ problem: `the engine does not start: ${reason}`, remedy: "run `npm run build`" });
    return null;
  }
}

const askVersions = `
import json, sys
from importlib.metadata import version, PackageNotFoundError
def of(name):
    try:
        return version(name)
    except PackageNotFoundError:
        return None
names = ["jupyterlab", "nbconvert", "nbgrader", "jupyter_core"]
paths = []
try:
    from jupyter_core.paths import jupyter_path
    paths = jupyter_path("kernels")
except ImportError:
    pass
print(json.dumps({"version": "%d.%d.%d" % sys.version_info[:3], "paths": paths, **{name: of(name) for name in names}}))
`;

interface Answer {
  version: string;
  paths: string[];
  jupyterlab: string | null;
  nbconvert: string | null;
  nbgrader: string | null;
  jupyter_core: string | null;
}

/** The Jupyter that the user runs: the active environment's, the one behind `jupyter` on PATH, else the course's own. */
function findJupyter(problems: Problem[]): { jupyter: Jupyter | null; paths: readonly string[] } {
  for (const python of pythons()) {
    const answer = ask(python, ["-c", askVersions]);
    if (answer === null) continue;
    const { version, paths, jupyterlab, nbconvert, nbgrader, jupyter_core }: Answer = JSON.parse(answer);
    if (jupyter_core === null) continue;
    return { jupyter: { python, pythonVersion: version, jupyterlab, nbconvert, nbgrader }, paths };
  }
  problems.push({
    problem: "no Jupyter was found: neither in .venv nor for the Python on PATH",
    remedy: "run `npm start` in a checkout of nnlab, or `pip install jupyterlab`",
  });
  const extra = (process.env.JUPYTER_PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  return { jupyter: null, paths: [...extra, userDataFolder()].map((folder) => join(folder, "kernels")) };
}

function pythons(): string[] {
  const active = [process.env.VIRTUAL_ENV, process.env.CONDA_PREFIX].flatMap((folder) => folder || []);
  const found = active.map((folder) =>
    process.platform === "win32" ? join(folder, "python.exe") : join(folder, "bin", "python"),
  );
  const jupyter = onPath("jupyter");
  const interpreter = jupyter === null ? null : shebang(jupyter);
  if (interpreter !== null) found.push(interpreter);
  const course = courseVenv();
  if (course !== null) found.push(course.python);
  return [...new Set([...found, "python3", "python"])];
}

/** The Python that a script names in its first line, or null. */
function shebang(script: string): string | null {
  const program = readFileSync(script, "utf8")
    .match(/^#!\s*(\S.*)/)?.[1]
    ?.trim();
  return program !== undefined && isAbsolute(program) && !program.includes(" ") ? program : null;
}

function findKernels(searched: readonly string[], problems: Problem[]): Found[] {
  const course = courseVenv();
  const own = course === null ? [] : [join(course.folder, "share", "jupyter", "kernels")];
  const folders = [...new Set([...searched, ...own])].map((folder) => join(folder, kernelName));
  const found = folders.filter((folder) => existsSync(join(folder, "kernel.json")));
  if (found.length === 0)
    problems.push({ problem: "Jupyter does not know the kernel", remedy: "run `npx nnlab install`" });
  return found.map((folder) => readKernel(folder, problems));
}

function readKernel(folder: string, problems: Problem[]): Found {
  const remedy = "run `npx nnlab install` again, with --user, --sys-prefix or --prefix as before";
  try {
    const spec: KernelSpec = JSON.parse(readFileSync(join(folder, "kernel.json"), "utf8"));
    const missing = spec.argv.find((word) => isAbsolute(word) && !existsSync(word));
    if (missing !== undefined)
      problems.push({ problem: `the kernel in ${folder} starts ${missing}, which is gone`, remedy });
    return { folder, argv: spec.argv };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    problems.push({ problem: `the kernel in ${folder} cannot be read: ${reason}`, remedy });
    return { folder, argv: null };
  }
}

/** The report for people. */
export function describe(report: Report): string {
  const { node, jupyter, backend } = report;
  const lines = [
    `nnlab       ${report.nnlab}`,
    `Node        ${node === null ? "none that can run the kernel" : `${node.version} (${node.pinned ? "pinned" : "your own"}), ${node.path}`}`,
    `TypeScript  ${report.typescript ?? "missing"}, tslab ${report.tslab ?? "missing"}`,
    `Backend     ${backend === null ? "does not start" : `${backend.name}, SIMD ${backend.simd}, ${backend.threads} ${backend.threads === 1 ? "thread" : "threads"}`}`,
    `BLAS        ${backend?.blas ?? "none (not required)"}`,
    `Jupyter     ${jupyter === null ? "none" : describeJupyter(jupyter)}`,
    ...report.kernelspecs.map(
      ({ folder }, index) => `${index === 0 ? "Kernel      " : "            "}${folder}`,
    ),
  ];
  if (report.problems.length === 0) lines.push("", "Everything is in order.");
  for (const { problem, remedy } of report.problems)
    lines.push("", `Problem: ${problem}`, `  Remedy: ${remedy}`);
  return lines.join("\n");
}

function describeJupyter({ python, pythonVersion, ...versions }: Jupyter): string {
  const names = ["jupyterlab", "nbconvert", "nbgrader"] as const;
  const packages = names.flatMap((name) => (versions[name] === null ? [] : [`${name} ${versions[name]}`]));
  return `${[...packages, `Python ${pythonVersion}`].join(", ")}, ${python}`;
}
