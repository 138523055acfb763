/** Notebooks as the command line and graders execute them. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { isolatedEnvironment, runProgram, temporaryFolder, venvProgram } from "../support/jupyter.ts";

const folder = temporaryFolder("nbconvert");
afterAll(folder.remove);

interface Output {
  output_type: string;
  name?: string;
  text?: string[];
  data?: Record<string, string[]>;
  traceback?: string[];
}

async function execute(name: string, cells: string[], ...options: string[]) {
  const notebook = {
    nbformat: 4,
    nbformat_minor: 5,
    metadata: { kernelspec: { name: "nnlab", display_name: "TypeScript (nnlab)", language: "typescript" } },
    cells: cells.map((source, index) => ({
      cell_type: "code",
      id: `cell-${index}`,
      metadata: {},
      execution_count: null,
      outputs: [],
      source,
    })),
  };
  const path = join(folder.path, `${name}.ipynb`);
  writeFileSync(path, JSON.stringify(notebook));
  const { code, output } = await runProgram(
    venvProgram("jupyter"),
    ["nbconvert", "--to", "notebook", "--execute", "--inplace", ...options, path],
    { cwd: folder.path, env: isolatedEnvironment(folder.path) },
  );
  const executed: { cells: { outputs: Output[] }[] } = JSON.parse(readFileSync(path, "utf8"));
  return { code, log: output, outputs: executed.cells.map((cell) => cell.outputs) };
}

test("a notebook that works", { timeout: 90_000 }, async () => {
  const { code, log, outputs } = await execute("works", [
    "const square = (x: number) => x * x;\nconsole.log('printed');",
    "await new Promise((resolve) => setTimeout(resolve, 20));\nsquare(7)",
  ]);
  expect(code, log).toBe(0);
  expect(outputs[0]).toMatchObject([{ output_type: "stream", name: "stdout", text: ["printed\n"] }]);
  expect(outputs[1]).toMatchObject([{ output_type: "execute_result", data: { "text/plain": ["49"] } }]);
});

test("one that fails has an exit code, and its traceback names the cell and the line", {
  timeout: 90_000,
}, async () => {
  const { code, log } = await execute("fails", [
    "const fine = 1;",
    "function risky(depth: number): never {\n  throw new Error('failed at ' + depth);\n}\nrisky(3);",
    "console.log('must not run')",
  ]);
  expect(code).not.toBe(0);
  expect(log).toContain("failed at 3");
  expect(log).toMatch(/cell 2/);
  expect(log).not.toContain("executor.js");
});

test("with errors allowed, every cell runs and fails by itself", { timeout: 90_000 }, async () => {
  const cells = ["throw new Error('first')", "const wrong: string = 1;", "'last'"];
  const { code, log, outputs } = await execute("allowed", cells, "--allow-errors");
  expect(code, log).toBe(0);
  expect(outputs.map(([output]) => output?.output_type)).toEqual(["error", "error", "execute_result"]);
});

test("helpers leave text and pictures in the notebook, and nothing on stderr", {
  timeout: 90_000,
}, async () => {
  writeFileSync(join(folder.path, "loaded.ts"), "const loaded = 6;\nloaded * 7\n");
  const { code, log, outputs } = await execute("helpers", [
    "const images = zeros([64, 1, 28, 28]);",
    "%time images.sum().item()",
    "%who",
    "?nn.linear",
    "%help",
    "%load loaded.ts",
    "%typecheck off",
    "const wrong: string = 1; wrong",
    "%typecheck on",
    "%reset",
    "typeof nn.linear",
  ]);
  expect(code, log).toBe(0);
  expect(
    outputs.flat().filter(({ output_type, name }) => output_type === "error" || name === "stderr"),
  ).toEqual([]);
  const printed = outputs.map((cell) => cell.flatMap(({ text = [] }) => text).join(""));
  const results = outputs.map((cell) => cell.flatMap(({ data }) => data?.["text/plain"] ?? []).join(""));
  expect(printed[1]).toMatch(/^wall time .*, processor .* in all threads\n$/);
  expect(results[1]).toBe("0");
  expect(printed[2]).toMatch(/^images +Tensor \[64, 1, 28, 28\] float32 +201 kB$/m);
  // A display: whatever is a result would count as an answer where notebooks are graded.
  expect(outputs[3]).toMatchObject([{ output_type: "display_data" }]);
  expect(results[3]).toContain("linear(");
  expect(printed[4] + results[4]!).toContain("%load file");
  expect(results[5]).toBe("42");
  expect(results[7]).toBe("1");
  expect(printed[9]).toContain("names forgotten");
  expect(results[10]).toBe("'function'");
});
