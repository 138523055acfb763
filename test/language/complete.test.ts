import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { toCodePoints, toUtf16 } from "../../kernel/language/cursor.ts";
import { Notebook } from "./notebook.ts";

let notebook: Notebook;
beforeAll(async () => {
  notebook = new Notebook({
    "helper.ts": "export const six = 6;\n",
    "data/values.json": "{}",
    "node_modules/@scope/pack/package.json": "{}",
    "node_modules/parted/package.json": JSON.stringify({
      exports: {
        ".": "./index.js",
        "./part": "./part.js",
        "./features/*.js": "./features/*.js",
        "./hidden": null,
      },
    }),
    "node_modules/parted/features/one.js": "",
    "node_modules/open/lib/deep.js": "",
  });
  await notebook.value(
    "/** How fast to learn. */\nconst learningRate = 0.1;\nclass Network { depth = 3; forward(x: Tensor) { return x } }\nconst network = new Network();\nfunction train(epochs: number, mode: 'fast' | 'slow') {}",
  );
});
afterAll(() => notebook.close());

/** Completes at `|`; the text after accepting the first match. */
async function complete(marked: string) {
  const cursor = marked.indexOf("|");
  const code = marked.replace("|", "");
  const { matches, start, end } = await notebook.language.complete(code, cursor);
  const names = matches.map(({ text }) => text);
  return { names, matches, accepted: code.slice(0, start) + (names[0] ?? "") + code.slice(end) };
}

async function inspect(marked: string, detail = 0) {
  return notebook.language.inspect(marked.replace("|", ""), marked.indexOf("|"), detail);
}

describe("completion", () => {
  test.each([
    ["nn.|", "nn.linear"],
    ["tensor([1]).ad|", "tensor([1]).add"],
    ["const t = tensor([1]);\nt.sh|;\nt", "const t = tensor([1]);\nt.shape;\nt"],
    ["learn|", "learningRate"],
    ["network.|", "network.depth"],
    ["network.for|ward", "network.forward"],
    ["if (network.de|", "if (network.depth"],
    ["train(1, '|')", "train(1, 'fast')"],
    ["train(1, 's|')", "train(1, 'slow')"],
    ["'😀'; network.for|", "'😀'; network.forward"],
    ["tensor([1], { dt|", "tensor([1], { dtype"],
    ["console.er|", "console.error"],
    ["let x: Net|", "let x: Network"],
    ["import { six } from './|'", "import { six } from './data/'"],
    ["import { six } from './h|", "import { six } from './helper.ts"],
    ["import './data/|", "import './data/values.json"],
    ["import { r| } from 'node:fs'", "import { read } from 'node:fs'"],
    ["await import('node:worker|')", "await import('node:worker_threads')"],
    ["import x from '@scope/|'", "import x from '@scope/pack'"],
    ["import x from 'par|'", "import x from 'parted'"],
    ["import x from 'parted/|'", "import x from 'parted/features/one.js'"],
    ["import x from 'parted/p|'", "import x from 'parted/part'"],
    ["import x from 'open/lib/|'", "import x from 'open/lib/deep.js'"],
    ["require('fs').readFileSync('da|')", "require('fs').readFileSync('data/')"],
    ["const path = './data/va|';", "const path = './data/values.json';"],
    ["const name = `hel|`", "const name = `helper.ts`"],
    ["'😀'; JSON.parse('data/|')", "'😀'; JSON.parse('data/values.json')"],
  ])("%s", async (marked, accepted) => {
    expect((await complete(marked)).accepted).toBe(accepted);
  });

  test("knows the types", async () => {
    const { matches } = await complete("n|");
    expect(matches.find(({ text }) => text === "network")?.type).toBe("const");
    const types = Object.fromEntries((await complete("|")).matches.map(({ text, type }) => [text, type]));
    expect(types).toMatchObject({
      tensor: "function",
      Tensor: "class",
      train: "function",
      Network: "class",
      Math: "var",
      while: "keyword",
    });
    expect((await complete("let x: DT|")).matches[0]).toEqual({ text: "DType", type: "type" });
    expect((await complete("network.|")).matches).toEqual([
      { text: "depth", type: "property" },
      { text: "forward", type: "method" },
    ]);
  });

  test("puts the notebook's names first and shows none of ours", async () => {
    const { names } = await complete("|");
    expect(names.slice(0, 4).sort()).toEqual(["Network", "learningRate", "network", "train"]);
    expect(names.filter((name) => name.includes("__cell") || name.includes("__nnlab"))).toEqual([]);
  });

  test("has nothing to say in comments, and survives broken text", async () => {
    expect((await complete("// netw|")).names).toEqual([]);
    for (const code of ["}}}|", "class {|", "`${network.|", "import {|", "(((|", "\u0000|", "@|", "/|"])
      await complete(code);
    expect((await complete("const a = ; network.de|")).accepted).toBe("const a = ; network.depth");
  });
});

describe("inspection", () => {
  test.each(["|learningRate", "learning|Rate", "learningRate|", "1 + learningRate| * 2"])(
    "%s",
    async (marked) => {
      const { found, text, markdown } = await inspect(marked);
      expect(found).toBe(true);
      expect(text).toBe("const learningRate: 0.1\n\nHow fast to learn.");
      expect(markdown).toBe("```typescript\nconst learningRate: 0.1\n```\n\nHow fast to learn.");
    },
  );

  test.each(["train|(", "train(|", "train(1, |", "train(1, [2, 3|"])("a call: %s", async (marked) => {
    expect((await inspect(marked)).text).toContain('train(epochs: number, mode: "fast" | "slow"): void');
  });

  test("a preloaded name with its documentation", async () => {
    const { markdown, text } = await inspect("tensor([1]).add|(2)");
    expect(text).toContain("(method) Tensor.add(other: number | Tensor): Tensor");
    expect(text).toContain("The sum, element by element.");
    expect(markdown).toContain("- `other` a tensor that broadcasts, or a number");
    expect(markdown).toContain("```typescript\na.add(1)\n```");
  });

  test("in detail, with the declaration", async () => {
    expect((await inspect("network.for|ward", 1)).text).toContain("forward(x: Tensor): Tensor;");
  });

  test.each(["|", "1 + |", "// learn|ingRate", "'text|'"])("nothing at %s", async (marked) => {
    expect(await inspect(marked)).toEqual({ found: false, markdown: "", text: "" });
  });
});

describe("completeness", () => {
  test.each([
    ["let x = 1", "complete"],
    ["", "complete"],
    ["const f = <T>(x: T) => x", "complete"],
    ["await fetch('x')", "complete"],
    ["let x = {", "incomplete"],
    ["f(1,", "incomplete"],
    ["if (x) {\n  g()", "incomplete"],
    ["1 +", "incomplete"],
    ["a.", "incomplete"],
    ["`text", "incomplete"],
    ["/* comment", "incomplete"],
    ["function f(", "incomplete"],
    ["let = = 3", "invalid"],
    ["}", "invalid"],
    ["'text", "invalid"],
  ])("%s", async (code, status) => {
    expect((await notebook.language.isComplete(code)).status).toBe(status);
  });

  test("indents what goes on", async () => {
    expect(await notebook.language.isComplete("if (x) {")).toEqual({ status: "incomplete", indent: "  " });
    expect(await notebook.language.isComplete("if (x) {\n  g(")).toEqual({
      status: "incomplete",
      indent: "    ",
    });
  });
});

test("cursors: code points and UTF-16", () => {
  const text = "a😀b𝒙";
  expect([0, 1, 2, 3, 4, 9].map((points) => toUtf16(text, points))).toEqual([0, 1, 3, 4, 6, 6]);
  expect([0, 1, 3, 4, 6, 9].map((index) => toCodePoints(text, index))).toEqual([0, 1, 2, 3, 4, 4]);
});
