/** nbclient (nbconvert, nbgrader, papermill) interrupts a cell that takes too long, and goes on with the next. */
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isolatedEnvironment, runProgram, temporaryFolder, venvProgram } from "../support/jupyter.ts";

interface Output {
  output_type: string;
  ename?: string;
  name?: string;
  text?: string;
  data?: Record<string, string>;
}

const endless: [what: string, code: string][] = [
  ["a loop", "while (true);"],
  ["an await that never ends", "await new Promise(() => {});"],
  ["a loop after an await", "await 1;\nwhile (true);"],
  ["a regular expression", "/(a+)+$/.test('a'.repeat(40) + 'b');"],
  ["Atomics.wait", "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);"],
  ["a loop that catches everything", "for (;;) {\n  try { while (true); } catch {} finally {}\n}"],
  ["a training", "await fit(model, set.loader({ batchSize: 8 }), { epochs: 1e6, silent: true, optimizer });"],
];

const prepare = [
  "seed(1); const model = nn.sequential(nn.linear(2, 8), nn.relu(), nn.linear(8, 3));",
  "const set = data.spirals({ samples: 256 }), optimizer = optim.adam(model.parameters());",
  "let kept = 'before';",
].join("\n");
/** Of what it had not reached, the cell before has done nothing. */
const check = [
  "const [image] = [...set.loader({ batchSize: 4 })][0]!;",
  "[kept, typeof fit, typeof nn.linear, model(image).shape.join(), optimizer.stepCount >= 0].join(' ')",
].join("\n");

const folder = temporaryFolder("timeouts");
afterAll(folder.remove);
let outputs: Output[][] = [];

beforeAll(async () => {
  const cells = [prepare];
  for (const [, code] of endless) cells.push(`${code}\nkept = 'after';`, check);
  const script = fileURLToPath(new URL("timeouts.py", import.meta.url));
  const { code, output } = await runProgram(venvProgram("python"), [script, JSON.stringify(cells)], {
    cwd: folder.path,
    env: isolatedEnvironment(folder.path),
  });
  expect(code, output).toBe(0);
  outputs = JSON.parse(output.trim().split("\n").at(-1) ?? "");
}, 180_000);

describe("after the timeout of", () => {
  test.each(endless.map(([what], round) => [what, round] as const))("%s", (_what, round) => {
    expect(outputs[0]).toEqual([]);
    const [stopped, next] = outputs.slice(2 * round + 1);
    expect(stopped).toMatchObject([{ output_type: "error", ename: "KeyboardInterrupt" }]);
    expect(next).toMatchObject([
      { output_type: "execute_result", data: { "text/plain": "'before function function 4,3 true'" } },
    ]);
  });
});
