/** Parameters from papermill's command line, through the translator in kernel/papermill. */
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  type Finished,
  isolatedEnvironment,
  projectRoot,
  runProgram,
  temporaryFolder,
  venvProgram,
} from "../support/jupyter.ts";

const folder = temporaryFolder("papermill");
const packages = join(folder.path, "packages");
const input = join(folder.path, "in.ipynb");

beforeAll(async () => {
  // Built from a copy: pip leaves its own files beside the source.
  const source = join(folder.path, "source");
  cpSync(join(projectRoot, "kernel", "papermill"), source, { recursive: true });
  const pip = ["-m", "pip", "install", "--no-index", "--no-deps", "--no-build-isolation"];
  const installed = await python(...pip, "--target", packages, source);
  expect(installed.code, installed.output).toBe(0);

  const code = (id: string, source: string, tags: string[]) => ({
    ...{ cell_type: "code", id, source, metadata: { tags }, outputs: [], execution_count: null },
  });
  const language = { kernelspec: { name: "nnlab", display_name: "nnlab", language: "typescript" } };
  const cells = [
    code("a", "const epochs: number = 1; // how often\nlet rates = [0.1];", ["parameters"]),
    code("b", "console.log(JSON.stringify([epochs + 1, rates.map((r) => 2 * r), name, deep.on, none]))", []),
  ];
  writeFileSync(input, JSON.stringify({ cells, metadata: language, nbformat: 4, nbformat_minor: 5 }));
}, 180_000);
afterAll(() => folder.remove());

function python(...args: string[]): Promise<Finished> {
  return runProgram(venvProgram("python"), args, {
    cwd: folder.path,
    env: { ...isolatedEnvironment(folder.path), PYTHONPATH: packages },
  });
}

test("papermill writes parameters of every kind as TypeScript, and the notebook runs with them", {
  timeout: 180_000,
}, async () => {
  const parameters = join(folder.path, "parameters.json");
  const name = 'L"öve\\\n🎓 `';
  const values = { epochs: 3, rates: [0.5, 1], name, deep: { on: true }, none: null };
  writeFileSync(parameters, JSON.stringify(values)); // which is YAML
  const output = join(folder.path, "out.ipynb");
  const ran = await python(
    "-m",
    "papermill",
    input,
    output,
    "--parameters_file",
    parameters,
    "--no-progress-bar",
  );
  expect(ran.code, ran.output).toBe(0);
  const { cells } = JSON.parse(readFileSync(output, "utf8"));
  expect(cells[1].metadata.tags).toEqual(["injected-parameters"]);
  expect(JSON.parse([cells[2].outputs[0].text].flat().join(""))).toEqual([4, [1, 2], name, true, null]);
});

test("papermill lists a notebook's parameters with their types, defaults and comments", {
  timeout: 60_000,
}, async () => {
  const { output } = await python("-m", "papermill", "--help-notebook", input);
  expect(output).toMatch(/epochs: number \(default 1\)\s+how often/);
  expect(output).toContain("rates: Unknown type (default [0.1])");
});
