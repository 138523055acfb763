#!/usr/bin/env node
// `npx nnlab`: gives the kernel to a Jupyter, takes it away, and says what runs where.

import { parseArgs } from "node:util";
import { install, uninstall } from "./install.ts";
import { CliError, kernelFolder, kernelRuntime, versionOf, type Where } from "./place.ts";

const help = `nnlab: a Jupyter kernel for TypeScript with a neural-network engine

  npx nnlab install [--user | --sys-prefix | --prefix P]    add the kernel "TypeScript (nnlab)" to Jupyter
  npx nnlab uninstall [--user | --sys-prefix | --prefix P]  take it away
  npx nnlab doctor [--json]                                 what runs where, what is wrong and what to do; exit code 1 if anything is
  npx nnlab --version
  npx nnlab --help

  --user        for you, in every Jupyter of yours (the default)
  --sys-prefix  for the active virtual environment, or the Python on PATH
  --prefix P    for the environment in the folder P`;

async function run(): Promise<number> {
  const { values, positionals } = parse();
  const [command, ...rest] = positionals;
  if (values.version) return say(versionOf("nnlab") ?? "unknown");
  if (values.help || command === undefined) return say(help);
  if (rest.length > 0)
    throw new CliError(`${command} takes no argument "${rest[0]}"`, "see `npx nnlab --help`");
  if (command !== "doctor" && values.json)
    throw new CliError("--json is for doctor", "see `npx nnlab --help`");
  switch (command) {
    case "install": {
      const folder = kernelFolder(where(values));
      const runtime = kernelRuntime();
      install(folder, runtime);
      return say(`TypeScript (nnlab) is installed in ${folder}; it runs on Node ${runtime.version}.`);
    }
    case "uninstall": {
      const folder = kernelFolder(where(values));
      if (uninstall(folder)) return say(`TypeScript (nnlab) is removed from ${folder}.`);
      throw new CliError(`the kernel is not in ${folder}`, "`npx nnlab doctor` lists the places where it is");
    }
    case "doctor": {
      const { describe, examine } = await import("./doctor.ts");
      const report = await examine();
      say(values.json ? JSON.stringify(report, null, 2) : describe(report));
      return report.problems.length === 0 ? 0 : 1;
    }
    default:
      throw new CliError(
        `there is no command "${command}"`,
        "use install, uninstall or doctor; see `npx nnlab --help`",
      );
  }
}

interface Values {
  readonly user?: boolean | undefined;
  readonly "sys-prefix"?: boolean | undefined;
  readonly prefix?: string | undefined;
  readonly json?: boolean | undefined;
  readonly version?: boolean | undefined;
  readonly help?: boolean | undefined;
}

function parse(): { values: Values; positionals: string[] } {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        user: { type: "boolean" },
        "sys-prefix": { type: "boolean" },
        prefix: { type: "string" },
        json: { type: "boolean" },
        version: { type: "boolean", short: "v" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    throw new CliError(error instanceof Error ? error.message : String(error), "see `npx nnlab --help`");
  }
}

function where(values: Values): Where {
  const given = [values.user, values["sys-prefix"], values.prefix !== undefined].filter(Boolean);
  if (given.length > 1)
    throw new CliError("more than one place is given", "use one of --user, --sys-prefix and --prefix P");
  if (values.prefix !== undefined) return { kind: "prefix", prefix: values.prefix };
  return { kind: values["sys-prefix"] ? "sys-prefix" : "user" };
}

function say(text: string): 0 {
  console.log(text);
  return 0;
}

try {
  process.exitCode = await run();
} catch (error) {
  if (!(error instanceof CliError)) throw error;
  console.error(`nnlab: ${error.message}\n  Remedy: ${error.remedy}`);
  process.exitCode = 1;
}
// The engine's threads would keep the process; what was said is flushed first, since stdout may be a pipe.
process.stdout.write("", () => process.exit());
