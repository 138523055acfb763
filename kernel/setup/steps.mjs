// The steps of the set-up, in order. Each says which must be done before (`after`), what it depends on (`inputs`), whether its result is there (`done`), and
// how to make it (`run`); setup.mjs decides which are needed.

import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { courseEnvironment, npmEnvironment, pinnedNode, root, venvLayout } from "./layout.mjs";
import { diagnose, SetupProblem } from "./problems.mjs";
import { capture } from "./programs.mjs";
import { choosePython, pythonCandidates } from "./python.mjs";
import { runtimeNode } from "./runtime.mjs";
import { filesUnder, hashOf } from "./stamps.mjs";

const at = (...parts) => join(root, ...parts);
const venv = venvLayout(at(".venv"));

/** Runs one program of a step; its failure becomes a problem with a remedy. */
async function succeed(title, command, options = {}) {
  const { code, output } = await capture(command, { cwd: root, ...options });
  if (code === "SIGINT" || code === 130)
    throw new SetupProblem("Interrupted.", "run this again: finished steps are kept.");
  if (code !== 0)
    throw diagnose(title, output, code === "ENOENT" ? `${command[0]} was not found` : `exit code ${code}`);
  return output;
}

/** How to start npm without a shell: by its own script, which npm tells the scripts that it runs. */
export function npmCommand(environment = process.env, platform = process.platform) {
  const { npm_execpath: script, npm_node_execpath: node } = environment;
  // Not through the pinned Node: npm is about to delete it.
  if (script && /npm-cli\.[cm]?js$/.test(script) && node && !node.startsWith(root))
    return { command: [node, script], options: {} };
  if (platform === "win32") return { command: ["npm.cmd"], options: { shell: true } };
  return { command: ["npm"], options: {} };
}

/** Installs exactly what a folder's lock file names, in that folder. */
async function cleanInstall(title, folder) {
  const { command, options } = npmCommand();
  // No package's install script has to run: Node's binary, koffi and zeromq come prebuilt in packages of their own.
  const flags = [
    "ci",
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--loglevel=error",
    "--include=dev",
    "--include=optional",
  ];
  const { code, output } = await capture([...command, ...flags], {
    cwd: folder,
    env: npmEnvironment(process.env),
    ...options,
  });
  if (code === "ENOENT" || code === 127) {
    throw new SetupProblem(
      "npm was not found.",
      "install npm, which comes with Node from https://nodejs.org (Debian and Ubuntu: `sudo apt install npm`), then run this again.",
    );
  }
  if (code === "SIGINT" || code === 130)
    throw new SetupProblem("Interrupted.", "run this again: finished steps are kept.");
  if (code !== 0) throw diagnose(title, output, `exit code ${code}`);
}

async function installPackages() {
  moveRunningNodeAside();
  await cleanInstall("npm packages", root);
  const native = `require("koffi"); require("zeromq"); console.log(process.version)`;
  await succeed("npm packages", [runtimeNode(), "-e", native]);
}

/** Windows does not delete a program that runs, and `npm start` may be running on the pinned Node; but it lets it move. */
function moveRunningNodeAside() {
  const running = pinnedNode(root);
  if (process.platform !== "win32" || running === null || !existsSync(running)) return;
  mkdirSync(at(".setup"), { recursive: true });
  for (const name of readdirSync(at(".setup"))) {
    if (name.startsWith("old-node-")) rmSync(at(".setup", name), { force: true, maxRetries: 0 });
  }
  renameSync(running, at(".setup", `old-node-${process.pid}.exe`));
}

async function compileKernels() {
  await succeed("compute kernels", [runtimeNode(), at("engine", "kernels", "build.mjs")]);
}

async function compileProgram() {
  removeOrphans();
  const compiler = at("node_modules", "typescript", "bin", "tsc");
  // Beside its output: who deletes dist/ deletes what the compiler remembers of it.
  const memory = ["--incremental", "--tsBuildInfoFile", at("dist", "tsc.tsbuildinfo")];
  await succeed("program", [runtimeNode(), compiler, "-p", at("tsconfig.build.json"), ...memory]);
  await succeed("program", [runtimeNode(), at("kernel", "setup", "bundle.mjs")]);
  cpSync(at("kernel", "kernelspec"), at("dist", "kernel", "kernelspec"), { recursive: true });
}

/** Removes declarations whose source is gone, so that nothing works by accident. */
function removeOrphans() {
  for (const folder of ["engine", "kernel"]) {
    for (const file of filesUnder(at("dist", folder))) {
      if (!file.endsWith(".d.ts")) continue;
      if (!existsSync(file.replace(at("dist"), root).replace(/\.d\.ts$/, ".ts"))) rmSync(file);
    }
  }
}

async function makeVenv(previous) {
  const python = choosePython(pythonCandidates());
  const install = [venv.python, "-m", "pip", "install", "--requirement", at("requirements.txt")];
  const flags = ["--no-input", "--disable-pip-version-check", "--only-binary", ":all:"];
  const environment = { ...process.env, PIP_REQUIRE_VIRTUALENV: "1" };
  delete environment.PYTHONHOME;
  if (previous !== null && existsSync(venv.python)) {
    // It was complete once and the list has changed: pip brings it up to date, unless something is broken after all.
    const { code } = await capture([...install, ...flags], { cwd: root, env: environment });
    if (code === 0) return;
  }
  await succeed("Python packages", [...python.command, "-m", "venv", "--clear", venv.venv]);
  await succeed("Python packages", [...install, ...flags], { env: environment });
}

/** JupyterLab as a course wants it: no news, no update checks, nothing that asks the network. */
function writeJupyterSettings() {
  const settings = {
    "@jupyterlab/apputils-extension:notification": { fetchNews: "false", checkForUpdates: false },
    "@jupyterlab/extensionmanager-extension:plugin": { enabled: false },
  };
  const page = { disabledExtensions: { "@jupyterlab/apputils-extension:announcements": true } };
  // JupyterLab brings a yarn.js in CommonJS, which would be read as an ES module by our package.json.
  writeJson(at(".venv", "package.json"), { private: true, type: "commonjs" });
  writeJson(at(".venv", "share", "jupyter", "lab", "settings", "overrides.json"), settings);
  writeJson(at(".venv", "etc", "jupyter", "labconfig", "page_config.json"), page);
}

function writeJson(file, value) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`);
}

async function registerKernel() {
  writeJupyterSettings();
  const command = [runtimeNode(), at("dist", "kernel", "cli", "main.js"), "install", "--prefix", venv.venv];
  await succeed("kernel", command, { env: courseEnvironment(process.env) });
}

/** Whether a Node is published for this platform, yet missing. */
function lacksNode() {
  const node = pinnedNode(root);
  return node !== null && !existsSync(node);
}

const kernelspec = at(".venv", "share", "jupyter", "kernels", "nnlab", "kernel.json");
const machine = `${process.platform}-${process.arch}`;

/** @type {{ name: string, says: string, after: string[], inputs: () => string, done: () => boolean, run: (previous: string | null) => Promise<void> }[]} */
export const steps = [
  {
    name: "npm packages",
    says: "exactly those of package-lock.json",
    after: [],
    inputs: () => hashOf([machine], [at("package-lock.json")]),
    // npm writes .package-lock.json last of all.
    done: () => existsSync(at("node_modules", ".package-lock.json")) && !lacksNode(),
    run: installPackages,
  },
  {
    name: "compute kernels",
    says: "AssemblyScript → WebAssembly, plain and with fused multiply-add",
    after: ["npm packages"],
    inputs: () => hashOf([], [at("engine", "kernels"), at("package-lock.json")]),
    done: () =>
      ["simd128.wasm", "relaxed.wasm"].every((name) => existsSync(at("dist", "engine", "kernels", name))),
    run: compileKernels,
  },
  {
    name: "program",
    says: "TypeScript → dist/, joined to a few files",
    after: ["npm packages", "compute kernels"],
    inputs: () => hashOf([], [...sources(), at("kernel", "setup", "bundle.mjs")]),
    done: () => existsSync(at("dist", "kernel", "cli", "main.js")),
    run: compileProgram,
  },
  {
    name: "Python packages",
    says: "JupyterLab and the rest of requirements.txt, in .venv",
    after: [],
    inputs: () => hashOf([machine, root], [at("requirements.txt")]),
    done: () => existsSync(venv.python) && existsSync(at(".venv", "pyvenv.cfg")),
    run: makeVenv,
  },
  {
    name: "kernel",
    says: "TypeScript (nnlab), registered in .venv",
    after: ["program", "Python packages"],
    inputs: () =>
      hashOf(
        [root, runtimeNode()],
        [at("kernel", "kernelspec"), at("kernel", "cli"), at("requirements.txt")],
      ),
    done: () =>
      existsSync(kernelspec) && readFileSync(kernelspec, "utf8").includes(JSON.stringify(runtimeNode())),
    run: registerKernel,
  },
];

/** What the compiler reads: the engine without its kernels, the kernel without the set-up, the settings. */
function sources() {
  const settings = ["tsconfig.json", "tsconfig.build.json", "package.json", "package-lock.json"].map((name) =>
    at(name),
  );
  const skipped = [at("engine", "kernels"), at("kernel", "setup")];
  const code = ["engine", "kernel"].flatMap((folder) => filesUnder(at(folder)));
  return [...settings, ...code.filter((file) => !skipped.some((folder) => file.startsWith(folder)))];
}

const peers = at("test", "bench", "peers");

/** Done only where they are named; nothing of the product needs them. */
export const onDemand = [
  {
    name: "peer packages",
    says: "TensorFlow.js and jax-js, for the benchmark alone",
    after: [],
    inputs: () => hashOf([], [join(peers, "package-lock.json")]),
    done: () => existsSync(join(peers, "node_modules", ".package-lock.json")),
    run: () => cleanInstall("peer packages", peers),
  },
];
