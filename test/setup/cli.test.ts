// `npx nnlab`, run as users run it: the compiled program in a process of its own.

import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { userDataFolder } from "../../kernel/cli/place.ts";
import { root } from "../../kernel/setup/layout.mjs";
import { kernelFlags } from "../support/jupyter.ts";

const main = join(root, "dist", "kernel", "cli", "main.js");
const version: string = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).version;

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "nnlab-cli-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function nnlab(options: readonly string[], environment: NodeJS.ProcessEnv = {}) {
  // Jupyter's own folders of whoever runs the tests stay out of it.
  const env = { ...process.env, JUPYTER_DATA_DIR: join(folder, "user"), JUPYTER_PATH: "", ...environment };
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...options], {
    encoding: "utf8",
    env,
  });
  return { status, stdout, stderr };
}

test("--version is the package's, --help names every command", () => {
  expect(nnlab(["--version"])).toEqual({ status: 0, stdout: `${version}\n`, stderr: "" });
  const help = nnlab(["--help"]).stdout;
  for (const word of ["install", "uninstall", "doctor", "--user", "--sys-prefix", "--prefix", "--json"])
    expect(help).toContain(word);
  expect(nnlab([]).stdout).toBe(help);
});

describe("install", () => {
  test("--prefix writes a kernel that Jupyter can start, with logos", () => {
    const { status, stdout } = nnlab(["install", "--prefix", folder]);
    expect(status).toBe(0);
    const kernel = join(folder, "share", "jupyter", "kernels", "nnlab");
    expect(stdout).toContain(kernel);
    expect(readdirSync(kernel).sort()).toEqual([
      "kernel.json",
      "logo-32x32.png",
      "logo-64x64.png",
      "logo-svg.svg",
    ]);
    const spec = JSON.parse(readFileSync(join(kernel, "kernel.json"), "utf8"));
    expect(spec).toMatchObject({
      display_name: "TypeScript (nnlab)",
      language: "typescript",
      interrupt_mode: "message",
    });
    expect(spec.argv.slice(1)).toEqual([
      ...kernelFlags,
      join(root, "dist", "kernel", "main.js"),
      "{connection_file}",
    ]);
    const node = spawnSync(spec.argv[0], [...kernelFlags, "--version"], {
      encoding: "utf8",
    });
    expect(Number.parseInt(node.stdout.slice(1), 10)).toBeGreaterThanOrEqual(22);
  });

  test("without a place is for the user, and uninstall takes it away again", () => {
    const kernel = join(folder, "user", "kernels", "nnlab");
    expect(nnlab(["install"]).status).toBe(0);
    expect(existsSync(join(kernel, "kernel.json"))).toBe(true);
    expect(nnlab(["uninstall", "--user"])).toMatchObject({
      status: 0,
      stdout: expect.stringContaining(kernel),
    });
    expect(existsSync(kernel)).toBe(false);
    expect(nnlab(["uninstall"])).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/is not in .*\n.*Remedy: .*doctor/),
    });
  });

  test("--sys-prefix is for the active environment", () => {
    expect(nnlab(["install", "--sys-prefix"], { VIRTUAL_ENV: folder }).status).toBe(0);
    expect(existsSync(join(folder, "share", "jupyter", "kernels", "nnlab", "kernel.json"))).toBe(true);
  });

  test("replaces what an earlier version left", () => {
    const kernel = join(folder, "share", "jupyter", "kernels", "nnlab");
    mkdirSync(kernel, { recursive: true });
    writeFileSync(join(kernel, "kernel.js"), "old");
    expect(nnlab(["install", "--prefix", folder]).status).toBe(0);
    expect(readdirSync(kernel)).not.toContain("kernel.js");
  });

  test("into a place that cannot be written says which, and where else to go", () => {
    writeFileSync(join(folder, "share"), "a file where a folder has to be");
    const { status, stderr } = nnlab(["install", "--prefix", folder]);
    expect(status).toBe(1);
    expect(stderr).toMatch(/cannot be written[\s\S]*Remedy: use --user/);
    expect(stderr).not.toContain("    at ");
  });
});

test.each([
  [["instal"], /no command "instal"/],
  [["install", "--user", "--sys-prefix"], /more than one place/],
  [["install", "--global"], /--global/],
  [["install", "here"], /no argument "here"/],
  [["install", "--json"], /--json is for doctor/],
])("%j is refused in a sentence with a remedy", (options, problem) => {
  const { status, stderr } = nnlab(options);
  expect(status).toBe(1);
  expect(stderr).toMatch(problem);
  expect(stderr).toContain("Remedy:");
  expect(stderr).not.toContain("    at ");
});

describe("doctor", () => {
  const venv = { VIRTUAL_ENV: join(root, ".venv") };

  test("--json tells versions, backend, Jupyter and kernels, and finds nothing wrong after the set-up", () => {
    const { status, stdout } = nnlab(["doctor", "--json"], venv);
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({
      nnlab: version,
      node: {
        path: expect.any(String),
        version: expect.stringMatching(/^\d+\./),
        pinned: expect.any(Boolean),
      },
      typescript: expect.stringMatching(/^\d/),
      tslab: expect.stringMatching(/^\d/),
      jupyter: { jupyterlab: expect.stringMatching(/^\d/), nbgrader: expect.stringMatching(/^\d/) },
      backend: { name: expect.any(String), simd: expect.stringMatching(/^(relaxed|simd128)$/) },
      problems: [],
    });
    expect(report.backend.threads).toBeGreaterThanOrEqual(1);
    expect([null, "string"]).toContain(report.backend.blas === null ? null : typeof report.backend.blas);
    expect(report.kernelspecs.map((kernel: { folder: string }) => kernel.folder)).toContain(
      join(root, ".venv", "share", "jupyter", "kernels", "nnlab"),
    );
    expect(status).toBe(0);
  });

  test("says the same in words", () => {
    const { stdout } = nnlab(["doctor"], venv);
    for (const word of [
      "nnlab ",
      "Node ",
      "TypeScript ",
      "Backend ",
      "BLAS ",
      "Jupyter ",
      "Kernel ",
      "in order",
    ])
      expect(stdout).toContain(word);
  });

  test("finds a kernel whose programs are gone, says what to do, and ends with exit code 1", () => {
    nnlab(["install", "--user"]);
    const file = join(folder, "user", "kernels", "nnlab", "kernel.json");
    const spec = JSON.parse(readFileSync(file, "utf8"));
    writeFileSync(file, JSON.stringify({ ...spec, argv: [join(folder, "no-node"), ...spec.argv.slice(1)] }));
    const { status, stdout } = nnlab(["doctor", "--json"], venv);
    expect(status).toBe(1);
    expect(JSON.parse(stdout).problems).toEqual([
      {
        problem: expect.stringMatching(/starts .*no-node, which is gone/),
        remedy: expect.stringContaining("npx nnlab install"),
      },
    ]);
  });

  test("finds a kernel.json that is not JSON", () => {
    mkdirSync(join(folder, "user", "kernels", "nnlab"), { recursive: true });
    writeFileSync(join(folder, "user", "kernels", "nnlab", "kernel.json"), "{");
    const { status, stdout } = nnlab(["doctor"], venv);
    expect(status).toBe(1);
    expect(stdout).toMatch(/Problem: the kernel in .* cannot be read[\s\S]*Remedy/);
  });
});

test("the user's folder follows Jupyter's rules on each platform", () => {
  expect(userDataFolder({}, "linux", "/h")).toBe(join("/h", ".local", "share", "jupyter"));
  expect(userDataFolder({ XDG_DATA_HOME: "/x" }, "linux", "/h")).toBe(join("/x", "jupyter"));
  expect(userDataFolder({}, "darwin", "/h")).toBe(join("/h", "Library", "Jupyter"));
  expect(userDataFolder({ APPDATA: "/a" }, "win32", "/h")).toBe(join("/a", "jupyter"));
  expect(userDataFolder({ JUPYTER_DATA_DIR: "/j" }, "linux", "/h")).toBe("/j");
});
