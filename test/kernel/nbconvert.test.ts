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
