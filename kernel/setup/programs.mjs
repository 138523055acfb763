// Runs other programs: quietly for a step of the set-up, or in the foreground with the terminal handed over.

import { spawn, spawnSync } from "node:child_process";
import os from "node:os";
import process from "node:process";

/** What a program says when asked a question: stdout, or null when it is missing, fails or stays silent for 20 s. */
export function ask(command, options = {}) {
  const [program, ...rest] = command;
  const answer = spawnSync(program, rest, {
    encoding: "utf8",
    timeout: 20_000,
    windowsHide: true,
    ...options,
  });
  return answer.error !== undefined || answer.status !== 0 ? null : answer.stdout.trim();
}

/** Runs a program to its end and keeps what it says: `{ code, output }`. A missing program has the code "ENOENT". */
export function capture(command, options = {}) {
  return new Promise((resolve) => {
    const [program, ...rest] = command;
    const child = spawn(program, rest, { stdio: ["ignore", "pipe", "pipe"], windowsHide: true, ...options });
    let output = "";
    const keep = (chunk) => {
      output = (output + chunk).slice(-100_000);
    };
    child.stdout.setEncoding("utf8").on("data", keep);
    child.stderr.setEncoding("utf8").on("data", keep);
    const release = passSignals(child);
    child.on("error", (error) => {
      release();
      resolve({ code: error.code ?? "error", output: `${output}${error.message}` });
    });
    child.on("close", (code, signal) => {
      release();
      resolve({ code: code ?? signal, output });
    });
  });
}

/** Hands the terminal to a program and resolves to the exit code to end with (128 + n after signal n, as shells do). */
export function foreground(command, options = {}) {
  return new Promise((resolve) => {
    const [program, ...rest] = command;
    const child = spawn(program, rest, { stdio: "inherit", ...options });
    const release = passSignals(child);
    child.on("error", (error) => {
      release();
      console.error(`${program} does not start: ${error.message}`);
      resolve(1);
    });
    child.on("exit", (code, signal) => {
      release();
      resolve(code ?? 128 + (os.constants.signals[signal] ?? 0));
    });
  });
}

/**
 * Lets the child decide what a signal means. Ctrl-C in a terminal reaches the child without us (it shares our process
 * group), and a second copy would stop Jupyter without its question.
 */
function passSignals(child) {
  const signals = process.platform === "win32" ? ["SIGINT", "SIGBREAK"] : ["SIGINT", "SIGTERM", "SIGHUP"];
  const handlers = signals.map((signal) => {
    const handler = () => {
      const fromTerminal = signal === "SIGINT" && process.stdin.isTTY;
      if (!fromTerminal && process.platform !== "win32") child.kill(signal);
    };
    process.on(signal, handler);
    return [signal, handler];
  });
  return () => {
    for (const [signal, handler] of handlers) process.off(signal, handler);
  };
}
