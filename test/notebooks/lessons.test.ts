/** Every notebook of the course runs from a clean kernel by nbconvert and shows what it promises. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { projectRoot, temporaryFolder } from "../support/jupyter.ts";
import { answer, executeNotebook, joined, type Notebook, pictures, printedText } from "./notebook.ts";
import { solutions } from "./solutions.ts";

const folder = join(projectRoot, "notebooks", "lectures");
const lessons = readdirSync(folder).filter((name) => name.endsWith(".ipynb"));

/** What a lesson must show beyond running without an error. */
const promises: Record<string, (notebook: Notebook) => void> = {
  "06-backpropagation-and-computational-graphs.ipynb": (notebook) => {
    const printed = printedText(notebook);
    expect(printed).toContain("∂f/∂x = -4  ∂f/∂y = -4  ∂f/∂z = 3");
    expect(printed).toMatch(/two layers: +∂L\/∂w = 0\.204718\nthree layers: ∂L\/∂w = 0\.040006/);
    expect(printed).toContain(
      "∇W  engine: [[0.088,0.176],[0.104,0.208]]  2 q xᵀ: [[0.088,0.176],[0.104,0.208]]",
    );
    expect(printed).toContain("∇x  engine: [[-0.112],[0.636]]  2 Wᵀ q: [[-0.112],[0.636]]");
    const number = (label: string) => Number(new RegExp(`${label}: +(-?[\\d.]+)`).exec(printed)?.[1]);
    expect(number("central difference")).toBeCloseTo(number("backpropagation"), 5);
    expect(number("three factors")).toBeCloseTo(number("backpropagation"), 5);
    expect(Math.abs(number("two factors") - number("backpropagation"))).toBeGreaterThan(0.01);
    expect(printed).toContain("error before: 0.298371  after: 0.291028");
    expect(printed).toContain("w5 = 0.358916  w1 = 0.149781");
    const texts = pictures(notebook).map(({ text }) => text);
    expect(texts).toContain(
      "f = −12 by 2 operations (add, mul) from 3 variables; ∂f/∂x = −4, ∂f/∂y = −4, ∂f/∂z = 3.",
    );
    expect(texts).toContain("g = 12 by 2 operations (mul, add) from 1 variable; ∂g/∂s = 7.");
    expect(texts.filter((text) => /^Gradient WRONG: 4 of 6 derivatives/.test(text))).toHaveLength(1);
    expect(texts.filter((text) => /^Gradient correct/.test(text))).toHaveLength(2);
    expect(texts.length).toBeGreaterThanOrEqual(20);
  },
  "09-convolution-by-hand.ipynb": (notebook) => {
    const printed = printedText(notebook);
    expect(printed).toContain("the lecture's seven: all there");
    expect(printed).toContain("times 18: [ [ 63, 66, 77 ], [ 73, 83, 109 ], [ 56, 95, 115 ] ]");
    expect(printed).toMatch(/cut out at row 4, column 9; .*; similarity: row 4, column 9 \(1\.00\)/);
    expect(printed).toContain("10-20-30-10: 1160  10-20-30-10-1: 1171");
    expect(printed).toContain("the same numbers: true");
    const texts = pictures(notebook).map(({ text }) => text);
    expect(texts).toContain(
      "From an image of 200×200 to 40,000 units: 1,600,000,000 weights dense, 4,000,000 locally connected, 100 shared.",
    );
    expect(texts.find((text) => text.includes("CNN, as they are"))).toMatch(
      /most CNN, as they are .* least CNN, shuffled/,
    );
    expect(texts.length).toBeGreaterThanOrEqual(24);
  },
  "11-a-cnn-from-end-to-end.ipynb": (notebook) => {
    const printed = printedText(notebook);
    expect(printed).toContain("LeNet-5 as built today: 61706 parameters");
    expect(printed).toContain("LeNet-5 as wired in 1998: 60000 parameters");
    expect(printed).toContain("C5: one unit sees 32 × 32 pixels");
    expect(printed).toMatch(/1×28×28 +→ +6×28×28 +156/);
    const error = (name: string) => Number(new RegExp(`this ${name} +([\\d.]+) %`).exec(printed)?.[1]);
    expect(error("LeNet-5")).toBeGreaterThan(0);
    expect(error("LeNet-5")).toBeLessThan(2);
    expect(error("MLP 784-500-150-10")).toBeGreaterThan(error("LeNet-5"));
    expect(pictures(notebook).length).toBeGreaterThanOrEqual(12);
  },
};

describe.each(lessons)("%s", (name) => {
  test("runs from a clean kernel and shows what it promises", { timeout: 180_000 }, async () => {
    const { code, output, notebook } = await executeNotebook(join(folder, name));
    expect(code, output).toBe(0);
    if (notebook === null) throw new Error("nbconvert wrote no notebook");
    for (const cell of notebook.cells)
      for (const shown of cell.outputs ?? []) {
        expect(shown.output_type, joined(cell.source)).not.toBe("error");
        if (shown.output_type === "stream") expect(shown.name, joined(shown.text)).toBe("stdout");
        else expect(joined(shown.data?.["text/plain"] as string), joined(cell.source)).not.toBe("");
      }
    for (const picture of pictures(notebook)) {
      expect(picture.colours, `cell ${picture.cell} drew an empty picture: ${picture.text}`).toBeGreaterThan(
        2,
      );
      expect(picture.width).toBeGreaterThan(100);
    }
    const promise = promises[name];
    if (!promise) throw new Error(`say in this test what ${name} must show`);
    promise(notebook);
  });
});

describe.each(Object.entries(solutions))("the exercises of %s", (name, answers) => {
  const copy = temporaryFolder("answers");
  afterAll(() => copy.remove());

  test("accept right answers", { timeout: 180_000 }, async () => {
    const { code, output, notebook } = await executeNotebook(answer(join(folder, name), answers, copy.path));
    expect(code, output).toBe(0);
    const printed = printedText(notebook!);
    expect(printed).not.toMatch(/Not answered yet|not there yet|Expected /);
    const exercises = notebook!.cells.filter(({ source }) => /^### Exercise /m.test(joined(source)));
    expect(printed.match(/^Right: |well done\.$/gm)).toHaveLength(exercises.length);
  });
});

test("a notebook that fails ends nbconvert with an exit code and the student's line", {
  timeout: 60_000,
}, async () => {
  const { code, output } = await executeNotebook(join(projectRoot, "test", "notebooks", "fails.ipynb"));
  expect(code).not.toBe(0);
  expect(output).toContain("matmul");
  expect(output).toMatch(/line 3/);
});
