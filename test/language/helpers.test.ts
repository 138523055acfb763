import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { helpers, readHelpers } from "../../kernel/language/helpers.ts";
import { Notebook, writeFiles } from "./notebook.ts";

let notebook: Notebook;
beforeAll(async () => {
  notebook = new Notebook({
    "shared.ts": "export const shared = 40;\nexport function twice(x: number) { return 2 * x }\nshared + 2\n",
    "wrong.ts": "const fine = 1;\nconst wrong: string = 1;\n",
    "data/points.csv": "1,2\n",
  });
  await notebook.language.ready;
});
afterAll(() => notebook.close());

/** What the kernel says about a cell that must not run. */
async function complaint(code: string): Promise<string> {
  const { diagnostics } = await notebook.run(code);
  return diagnostics.map(({ line, column, message }) => `${line}:${column} ${message}`).join("\n");
}

describe("where helpers are found", () => {
  test.each([
    ["%who", "who"],
    ["let a = 1;\n  %who", "who"],
    ["let a = f()\n%who\n%reset", "who reset"],
    ["// first\n%install zod\nimport { z } from 'zod'", "install"],
    ["%%time\nlet a", "time"],
    ["?tensor", "?"],
    ["tensor.shape??", "?"],
  ])("%j has %s", (code, names) => {
    const { calls, text } = readHelpers(code);
    expect(calls.map(({ name }) => name).join(" ")).toBe(names);
    expect(text).toHaveLength(code.length);
  });

  test.each([
    "const a = b\n%c",
    "const time = 2, a = 7\n%time",
    "const a = (7\n%who)",
    "`\n%who\n`",
    "/*\n%who\n*/",
    "const q = c\n? a\n: b",
    "const q = c ?\n a : b",
    "f(a,\n  b\n  % c)",
    "`text\nname?",
  ])("%j has none", (code) => {
    expect(readHelpers(code)).toEqual({ text: code, calls: [], problems: [] });
  });

  test("the operator of an expression that goes on in the next line stays", async () => {
    expect(await notebook.value("const seventeen = 17\n%5\nseventeen")).toBe("2");
    expect(await notebook.value("let who = 4;\nconst rest = 11\n%who\nrest")).toBe("3");
    expect(await notebook.value("const some = (17\n  % who)\nsome")).toBe("1");
  });

  test.each([
    ["%tiem f()", "1:1 there is no helper %tiem; did you mean %time? %help lists them all"],
    ["let a = 1;\n%whos", "2:1 there is no helper %whos; did you mean %who? %help lists them all"],
    ["%pip install zod", "1:1 there is no helper %pip; did you mean %install? %help lists them all"],
    ["%xyz", "1:1 there is no helper %xyz; %help lists them all"],
    ["%help instal", "1:1 there is no helper %instal; did you mean %install? %help lists them all"],
    [
      "function f() {\n  %who\n}",
      "2:3 %who stands at the beginning of a line, outside of functions and blocks",
    ],
    ["%typecheck maybe", "1:1 %typecheck: write %typecheck off | on | strict"],
    ["%load", "1:1 %load: write %load file"],
    [
      "%load shared.ts\nlet b = 1",
      "1:1 %load stands alone in its cell, since the text of the file takes the cell's place",
    ],
    ["%load share.ts", "1:1 %load: there is no file share.ts; did you mean shared.ts?"],
    ["let c = 1;\n%reset", "2:1 %reset stands before the code of its cell"],
    ["%time", "1:1 %time: write %time [statement]; there is nothing after it to time"],
    ["%install", "1:1 %install: write %install package[@version] …"],
    [
      "%install --global zod",
      "1:1 %install: write %install package[@version] …; it takes no options, got --global",
    ],
  ])("%j is refused", async (code, message) => {
    expect(await complaint(code)).toBe(message);
  });

  test("errors of the rest keep their places", async () => {
    expect(await notebook.problems("%time const text: string = 1")).toEqual(["TS2322 1:13"]);
    const { traceback } = await notebook.run("const none = JSON.parse('null');\n%time none.missing;\n%who");
    expect(traceback).toMatch(/cell \d+, line 2\n.*> 2 \| %time none\.missing;\n +\| {12}\^/s);
  });
});

describe("%time", () => {
  const line = /^wall time [\d.]+ (?:ms|s), processor [\d.]+ (?:ms|s) in all threads/;

  test("prints how long a statement took, and its value is shown", async () => {
    const { printed, value } = await notebook.run("%time [1, 2].map((x) =>\n  2 * x)");
    expect(printed).toMatch(line);
    expect(value).toBe("[ 2, 4 ]");
  });

  test("measures what it says", async () => {
    const wait = "await new Promise((done) => setTimeout(done, 200))";
    const waited = (await notebook.run(`%time ${wait}`)).printed ?? "";
    expect(Number(/wall time ([\d.]+) ms/.exec(waited)?.[1] ?? 1e9)).toBeGreaterThan(190);
    const busy = "const until = process.cpuUsage().user + 200_000; while (process.cpuUsage().user < until);";
    const worked = (await notebook.run(`%time\n${busy}`)).printed ?? "";
    const [, amount = "0", unit] = /processor ([\d.]+) (ms|s)/.exec(worked) ?? [];
    expect(Number(amount) * (unit === "s" ? 1000 : 1)).toBeGreaterThan(190);
  });

  test("alone in its line, times the rest of the cell, declarations too", async () => {
    const { printed, value } = await notebook.run("%time\nconst timed = 5;\ntimed + 1");
    expect(printed).toMatch(line);
    expect(value).toBe("6");
    const declared = await notebook.run("%time const timedToo = await Promise.resolve(7)");
    expect(declared.printed).toMatch(line);
    expect(await notebook.value("timed + timedToo")).toBe("12");
  });

  test("says when what it timed goes on", async () => {
    const { printed } = await notebook.run("%time Promise.resolve(1)");
    expect(printed).toContain("await it to time it whole");
  });
});

describe("?name", () => {
  test.each(["?tensor", "tensor?", "let k = 1;\ntensor?", "  ? tensor"])(
    "%j shows signature and documentation",
    async (code) => {
      const { shown } = await notebook.run(code);
      expect(shown).toHaveLength(1);
      expect(shown?.[0]?.["text/plain"]).toContain("tensor(values: number[]");
      expect(shown?.[0]?.["text/markdown"]).toMatch(/^```typescript\n.*tensor\(.*```\n\nMakes a tensor\./s);
    },
  );

  test("of a member, of a name of the same cell, and in detail", async () => {
    expect((await notebook.run("nn.linear?")).shown?.[0]?.["text/plain"]).toContain(
      "(property) linear: (inFeatures: number",
    );
    const own = await notebook.run("/** Mine. */\nfunction mine(n: number) { return n }\n?mine");
    expect(own.shown?.[0]?.["text/plain"]).toBe("function mine(n: number): number\n\nMine.");
    expect((await notebook.run("??nn.linear")).shown?.[0]?.["text/plain"]).toContain("linear: typeof linear");
  });

  test("an unknown one says what is near", async () => {
    expect((await notebook.run("?tensr")).printed).toBe("nothing is known of tensr; did you mean tensor?\n");
  });
});

describe("%help", () => {
  test("lists every helper, as a table and as text", async () => {
    const [bundle] = (await notebook.run("%help")).shown ?? [];
    for (const { usage, summary } of Object.values(helpers)) {
      expect(bundle?.["text/plain"]).toContain(usage);
      expect(bundle?.["text/markdown"]).toContain(summary);
    }
  });

  test("tells more about one", async () => {
    expect((await notebook.run("%help install")).shown?.[0]?.["text/markdown"]).toContain("package.json");
  });
});

describe("%who and %reset", () => {
  test("list names with types and sizes; forget them, also for the types; restore what was preloaded", async () => {
    const own = new Notebook();
    await own.run(
      "let half = 0.5; const words = ['a', 'b']; class Net {} interface Shape { x: number }\nfunction go() { return half }\nconst grid = { shape: [2, 3], dtype: 'float32', backward() {} }; const buffer = new Float32Array(1000)",
    );
    await own.run("globalThis.spare = 1; const tensor = 'shadowed'; throw new Error('x'); let never = 1");
    const { printed } = await own.run("const late = 'abc';\n%who");
    expect(printed?.replace(/ {3,}/g, "  ").trimEnd().split("\n")).toEqual([
      "name  type  size",
      "buffer  Float32Array (1000)  4.0 kB",
      "go  function",
      "grid  object [2, 3] float32  24 bytes",
      "half  number  0.5",
      "late  string  3 characters",
      "Net  class",
      "never  no value: its cell stopped before",
      "Shape  type",
      "tensor  string  8 characters",
      "words  Array  2 elements",
    ]);
    const wrong = await own.run("%reset\nhalf");
    expect(wrong.diagnostics.map(({ message }) => message)).toEqual(["Cannot find name 'half'."]);
    expect(await own.value("half")).toBe("0.5");
    const { printed: said, value } = await own.run("%reset\nconst fresh = 1;\ntensor([1]);");
    expect(said).toBe("9 names forgotten.\n");
    expect(value).toBe("'preloaded'");
    expect(await own.problems("[words, half, go, Net, grid]")).toHaveLength(5);
    expect(await own.problems("let s: Shape")).toEqual(["TS2304 1:8"]);
    expect(
      await own.value("// @ts-nocheck\n[typeof words, typeof Net, typeof globalThis.spare, tensor()]"),
    ).toBe("[ 'undefined', 'undefined', 'undefined', 'preloaded' ]");
    expect(await own.value("const words = fresh; words")).toBe("1");
    expect((await own.run("%reset")).printed).toBe("2 names forgotten.\n");
    expect((await own.run("%who")).printed).toBe("You have declared no names yet.\n");
    await own.close();
  });
});

describe("%load", () => {
  test("runs the text in the cell's place, whose names become the notebook's", async () => {
    const { loaded } = await notebook.language.check({
      code: "%load shared.ts",
      cell: "cell 90",
      executionCount: 90,
    });
    expect(loaded).toBe(
      "// %load shared.ts\nexport const shared = 40;\nexport function twice(x: number) { return 2 * x }\nshared + 2\n",
    );
    expect(await notebook.value("%load shared.ts")).toBe("42");
    expect(await notebook.value('%load "./shared.ts"')).toBe("42");
    expect(await notebook.value("twice(shared)")).toBe("80");
  });

  test("tells the errors of the text", async () => {
    expect(await complaint("%load wrong.ts")).toBe("3:7 Type 'number' is not assignable to type 'string'.");
    writeFiles(notebook.folder, { "loop.ts": "%load loop.ts\n" });
    expect(await complaint("%load loop.ts")).toBe("2:1 %load: this file was loaded itself");
  });
});

describe("%typecheck", () => {
  test("off and on again, from its own cell on", async () => {
    expect(await notebook.problems("const w: string = 1")).toHaveLength(1);
    expect((await notebook.run("%typecheck off\nconst w: string = 1;")).printed).toContain("%typecheck on");
    expect(await notebook.problems("const v: string = 1")).toEqual([]);
    expect(await notebook.problems("%typecheck on\nconst u: string = 1")).toHaveLength(1);
    // That cell did not run, so nothing has changed.
    expect(await notebook.problems("const u: string = 1")).toEqual([]);
    await notebook.run("%typecheck on");
    expect(await notebook.problems("const u: string = 1")).toHaveLength(1);
  });
});

describe("%typecheck strict", () => {
  const asks = "const found = [1].find((n) => n > 1);\nfound.toFixed()";

  test("what may be undefined is an error only when asked for", async () => {
    expect(await notebook.problems(asks)).toEqual([]);
    expect((await notebook.run(`%typecheck strict\n1`)).printed).toContain("must be tested");
    expect(await notebook.problems(asks)).toEqual(["TS18048 2:1"]);
    expect(await notebook.problems(asks.replace("found.", "found?."))).toEqual([]);
    await notebook.run("%typecheck on");
    expect(await notebook.problems(asks)).toEqual([]);
  });

  test.each([
    [asks, "test it first (if (found) …), use found?.…, or found! if it is surely there"],
    ["[{ a: 1 }].find(() => true).a", "test it first"],
    [
      "const size: number = new Map<string, number>().get('a')",
      "say what to take where it is missing (size ?? …)",
    ],
    ["Math.abs([1].find(Boolean))", "say what to take where it is missing ([1].find(Boolean) ?? …)"],
    ["const none: number = undefined", "add it to the type where it is declared: number | undefined"],
    ["const o: { f?: () => void } = {};\no.f()", "call it only where it is there: o.f?.(…)"],
  ])("%s", async (code, hint) => {
    const { diagnostics } = await notebook.language.check({
      code: `%typecheck strict\n${code}`,
      cell: "cell",
      executionCount: 0,
    });
    expect(diagnostics.map((found) => found.hint).join()).toContain(hint);
  });

  test("in every mode: null itself", async () => {
    const { diagnostics } = await notebook.run("null.length");
    expect(diagnostics[0]?.hint).toContain("null stands for no value");
  });
});

describe("completion and documentation", () => {
  async function complete(marked: string): Promise<string[]> {
    const cursor = marked.indexOf("|");
    const code = marked.replace("|", "");
    const { matches, start, end } = await notebook.language.complete(code, cursor);
    return matches.map(({ text }) => code.slice(0, start) + text + code.slice(end));
  }

  test("of helpers", async () => {
    expect(await complete("%|")).toEqual(Object.keys(helpers).map((name) => `%${name}`));
    expect(await complete("let a = 1;\n%t|")).toEqual(["let a = 1;\n%time", "let a = 1;\n%typecheck"]);
    expect(await complete("%ti|me f()")).toEqual(["%time f()"]);
    expect(await complete("%typecheck |")).toEqual(["%typecheck on", "%typecheck off", "%typecheck strict"]);
    expect(await complete("%help wh|")).toEqual(["%help who"]);
  });

  test("of what stands behind them", async () => {
    expect(await complete("%load sha|")).toEqual(["%load shared.ts"]);
    expect(await complete("%load data/|")).toEqual(["%load data/points.csv"]);
    expect((await complete("%time tensor([1]).sha|"))[0]).toBe("%time tensor([1]).shape");
    expect((await complete("?tens|"))[0]).toBe("?tensor");
    expect((await complete("%who\nnn.lin|"))[0]).toBe("%who\nnn.linear");
  });

  test("hovering tells what a helper does, and what is asked for", async () => {
    expect((await notebook.language.inspect("%install zod", 3, 0)).markdown).toContain(
      "`%install package[@version] …`",
    );
    expect((await notebook.language.inspect("tensor?", 3, 0)).text).toContain("Makes a tensor.");
  });

  test("a cell of helpers is complete", async () => {
    for (const code of ["%who", "%time f()", "?tensor", "tensor?"])
      expect((await notebook.language.isComplete(code)).status, code).toBe("complete");
    expect((await notebook.language.isComplete("%time f(")).status).toBe("incomplete");
  });
});
