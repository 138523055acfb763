// `npm start` after the check of Node's version: JupyterLab from .venv, on the folder of notebooks.

import { connect } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { courseEnvironment, root, venvLayout } from "./layout.mjs";
import { foreground } from "./programs.mjs";
import { main } from "./setup.mjs";

export async function openJupyterLab(passedOn) {
  await main();
  const port = chosenPort(passedOn);
  if (port !== null && (await isTaken(port))) {
    console.log(`Port ${port} is taken: JupyterLab tries the next ones. The URL below says which it got.`);
  }
  const command = [venvLayout(join(root, ".venv")).python, "-m", "jupyterlab", ...labArguments(passedOn)];
  process.exitCode = await foreground(command, { cwd: root, env: courseEnvironment(process.env) });
}

const here = { platform: process.platform, env: process.env, isRoot: process.getuid?.() === 0 };

/**
 * Our arguments for `jupyter lab`, then the user's.
 * @param {string[]} passedOn
 * @param {{ platform: string, env: Record<string, string | undefined>, isRoot: boolean }} machine
 */
export function labArguments(passedOn, machine = here) {
  const given = (pattern) => passedOn.some((argument) => pattern.test(argument));
  const ours = [];
  if (!given(/^--(ServerApp\.root_dir|notebook-dir|ServerApp\.notebook_dir)\b/)) {
    ours.push(`--ServerApp.root_dir=${join(root, "notebooks")}`);
  }
  if (!given(/^--MultiKernelManager\.default_kernel_name\b/))
    ours.push("--MultiKernelManager.default_kernel_name=nnlab");
  // Warnings, errors and the URL are enough for a terminal; and no search for language servers, which starts npm.
  if (!given(/^--(debug|log-level|(Application|ServerApp)\.log_level)\b/)) ours.push("--log-level=WARN");
  if (!given(/^--LanguageServerManager\./)) ours.push("--LanguageServerManager.autodetect=False");
  if (
    !given(/^--(no-browser|ServerApp\.open_browser|browser)\b/) &&
    !hasBrowser(machine.platform, machine.env)
  ) {
    ours.push("--no-browser");
  }
  if (machine.isRoot && !given(/^--(allow-root|ServerApp\.allow_root)\b/)) ours.push("--allow-root");
  return [...ours, ...passedOn];
}

/** Whether a graphical browser can open here. A text browser would take the terminal away from Jupyter. */
export function hasBrowser(platform, environment) {
  if (environment.CI) return false;
  if (platform === "win32") return true;
  if (platform === "darwin") return !environment.SSH_CONNECTION;
  return Boolean(
    environment.DISPLAY || environment.WAYLAND_DISPLAY || environment.BROWSER || environment.WSL_DISTRO_NAME,
  );
}

/** The port asked for by `--port 8899`, `--port=8899` or `--ServerApp.port=8899`, or null. */
export function chosenPort(passedOn) {
  const joined = passedOn.join(" ").match(/--(?:ServerApp\.)?port[= ](\d+)/);
  return joined === null ? null : Number(joined[1]);
}

function isTaken(port) {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1", timeout: 1000 });
    const answer = (taken) => {
      socket.destroy();
      resolve(taken);
    };
    socket.on("connect", () => answer(true));
    socket.on("error", () => answer(false));
    socket.on("timeout", () => answer(false));
  });
}
