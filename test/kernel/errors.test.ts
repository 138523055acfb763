/** What a student reads who runs a wrong cell: the place in the text as it was written, and what to do about it. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { temporaryFolder } from "../support/jupyter.ts";
import { only, streamText, TestKernel } from "./client.ts";

let kernel: TestKernel;
const folder = temporaryFolder("errors");

const files: Record<string, string> = {
  "helper.ts":
    "export interface Unused { x: number }\n\nexport function fail(text: string): never {\n  throw new Error(text);\n}\n",
  "wrong.ts": "export const fine = 1;\nexport const count: number = 'three';\n",
  "values.ts":
    "export const count: number = 1;\nexport function refuse(): never {\n  throw 'not today';\n}\n",
  "broken.ts": "export const a = 1;\nexport const b = = 2;\n",
};

beforeAll(async () => {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder.path, name), text);
  kernel = await TestKernel.start({ directory: folder.path });
});
afterAll(async () => {
  await kernel.stop();
  folder.remove();
});

/** The traceback of a cell that must fail, plain; the cell's own number is #. */
async function failing(code: string): Promise<string> {
  const ran = await kernel.execute(code, { stop_on_error: false });
  expect(ran.reply.content.status, `it ran: ${code}`).toBe("error");
  expect(streamText(ran, "stderr")).toBe("");
  const { ename, evalue, traceback } = ran.reply.content as Record<string, string> & { traceback: string[] };
  expect(only(ran, "error")).toEqual({ ename, evalue, traceback });
  const number = ran.reply.content.execution_count;
  return stripVTControlCharacters(traceback.join("\n")).replaceAll(`cell ${number},`, "cell #,");
}

type Case = [what: string, code: string, ...says: (string | RegExp)[]];

/** Texts that the traceback has, one after the other. */
async function says([, code, ...texts]: Case): Promise<void> {
  const traceback = await failing(code);
  let rest = traceback;
  for (const text of texts) {
    const at = typeof text === "string" ? rest.indexOf(text) : rest.search(text);
    expect(at, `${text} is missing, or out of order, in\n${traceback}`).toBeGreaterThanOrEqual(0);
    rest = rest.slice(at + (typeof text === "string" ? text.length : 1));
  }
}

describe("types", () => {
  test.each<Case>([
    [
      "a missing argument",
      "nn.linear(2)",
      "Expected 2-3 arguments, but got 1. TS2554",
      "→ it is declared as linear(inFeatures: number, outFeatures",
    ],
    [
      "an argument of another type",
      'nn.conv2d(1, "6", 5)',
      "column 14",
      "TS2345",
      "  |              ^^^",
      "→ it is declared as conv2d(",
    ],
    ["a tensor's method, nearly", "tensor([1]).ad(1)", "TS2339", "→ did you mean add?"],
    ["one that TypeScript guesses", "tensor([1]).sofmax(0)", "Did you mean 'softmax'? TS2551"],
    ["one of NumPy's", "tensor([1]).numpy()", "→ here it is called toArray"],
    ["a value that is called", "tensor([1]).size()", "TS2349", "→ size is no function: write it without ( )"],
    [
      "one name twice",
      "const same = 1;\nconst same = 2;",
      "2 errors",
      "TS2451",
      "> 1 |",
      "→ a cell declares a name once",
      "TS2451",
      "> 2 |",
    ],
    ["an unknown name", "laterName.length", "TS2304", "→ run the cell that declares laterName, or import it"],
    ["a name that is assigned before it is declared", "fresh = 5", "→ declare it: let fresh = …"],
    [
      "labels that are texts",
      'nn.crossEntropy(randn([2, 3]), ["cat", "dog"])',
      "TS2345",
      "→ networks compute with numbers: give each class a number",
    ],
    ["a tensor of texts", 'tensor(["cat", "dog"])', "TS2322", "→ networks compute with numbers"],
    [
      "a data set in place of its batches",
      "const model = nn.linear(2, 2);\nawait fit(model, data.moons(), { epochs: 1, optimizer: optim.sgd(model.parameters(), { lr: 0.1 }) })",
      "line 2",
      "→ a data set comes in batches: write .loader(",
    ],
    ["a class in place of a layer", "nn.Linear(2, 3)", "TS2348", "→ write nn.linear(…)"],
    ["a layer made by new", "new nn.linear(2, 3)", "→ call it without new"],
    [
      "a field that is not declared",
      "class Net extends nn.Module {\n  constructor() { super(); this.fc = nn.linear(2, 3) }\n  forward(x: Tensor) { return x }\n}",
      "line 2",
      "TS2339",
      "→ declare it in the class, outside its functions: fc = …",
    ],
    [
      "a missing await",
      "async function load() { return 1 }\nload().toFixed()",
      "TS2339",
      "→ put await before the call",
    ],
    ["a power of tensors", "tensor([1, 2]) ** 2", "TS2362", "→ tensors are combined by methods: a.pow(b)"],
    [
      "a sum of tensors",
      "tensor([1]) + tensor([2])",
      "TS2365",
      "→ tensors are combined by methods: a.add(b)",
    ],
    [
      "a comparison of tensors",
      "tensor([1]) === tensor([1])",
      "'===' does not compare the values of tensors.",
      "→ write a.equal(b) for each element, a.allClose(b) for all",
    ],
    [
      "a loose comparison of tensors",
      "const p = tensor([1]), q = tensor([1]);\np != q",
      "line 2, column 1: '!=' does not compare the values of tensors.",
      "→ write a.notEqual(b) for each element",
    ],
    [
      "an element in brackets",
      "const rows = tensor([[1], [2]]);\nrows[0]",
      "line 2, column 1: A tensor has no elements in [ ].",
      "→ write x.at(i)",
    ],
    ["a number in a for", "for (const i of 10) { i }", "TS2488", "→ a number has nothing to walk through"],
    [
      "a module, nearly",
      "import * as fs from 'fs/promise'",
      "TS2307",
      "→ did you mean node:fs/promises? Otherwise install it",
    ],
    ["a file, nearly", "import { fail } from './helpr.ts'", "TS2307", "→ did you mean ./helper.ts?"],
    ["a return in no function", "return 5", "TS1108", "→ write the value alone"],
    [
      "several at once, by line",
      'const a: number = "x";\nconst b: string = 2;\nnowhere;\ntensor([1]).ad(1)',
      "4 errors; the cell was not run",
      "line 1, column 7",
      "TS2322",
      "> 1 |",
      "line 2, column 7",
      "TS2322",
      "line 3, column 1",
      "TS2304",
      "line 4, column 13",
      "TS2339",
      "> 4 | tensor([1]).ad(1)",
    ],
    [
      "an imported file",
      "import { count } from './wrong.ts'",
      "wrong.ts, line 2, column 14",
      "TS2322",
      "> 2 | export const count: number = 'three';",
    ],
    [
      "the syntax of an imported file",
      "import { b } from './broken.ts'",
      "broken.ts, line 2, column 18",
      "TS1109",
      "> 2 |",
    ],
  ])("%s", (...line) => says(line));

  test("arithmetic of other things than tensors gets no advice on tensors", async () => {
    expect(await failing('"5" - 2')).not.toContain("→");
  });

  test("identity of tensors, and classes of the student's by that name, may be asked for", async () => {
    const own =
      "const t = tensor([1]);\nconst u = t;\nu === t && Object.is(t, t) && t.shape[0] === 1 && t['size'] === 1";
    expect((await kernel.execute(own)).reply.content.status).toBe("ok");
    const same = "// @ts-nocheck\ntensor([1]) === tensor([1])";
    expect((await kernel.execute(same)).reply.content.status).toBe("ok");
    for (const directive of ["// @ts-ignore", "// @ts-expect-error: on purpose\n// and why"])
      for (const asked of ["t == u", "t[0]"]) {
        const { content } = (await kernel.execute(`${directive}\n${asked};`)).reply;
        expect(content.status, JSON.stringify(content)).toBe("ok");
        expect((await kernel.execute(`${directive}\n;\n${asked};`)).reply.content.status).toBe("error");
      }
    const needless = await kernel.execute("// @ts-expect-error\nt.equal(u);");
    expect(needless.reply.content.evalue).toContain("Unused '@ts-expect-error' directive");
    const shadowed = "{ class Tensor { [at: number]: number }; const a = new Tensor(); a === a && a[0] }";
    expect((await kernel.execute(shadowed)).reply.content.status).toBe("ok");
  });
});

describe("syntax", () => {
  test.each<Case>([
    [
      "a bracket that nothing closes",
      "const list = [1, 2, 3;",
      "',' expected. TS1005",
      "→ the [ in line 1, column 14 is not closed: write ] where it ends",
    ],
    [
      "one that is missed a line later",
      "const t = tensor([1, 2]\nt.sum()",
      "line 2, column 1",
      "→ the ( in line 1, column 17 is not closed",
    ],
    [
      "one behind brackets in texts and comments",
      "const s = '(' + `(\\`` // (\nconsole.log(s;",
      "line 2, column 14",
      "→ the ( in line 2, column 12 is not closed",
    ],
    ["one that another kind closes", "tensor([1, 2)", "→ the [ in line 1, column 8 is not closed: write ]"],
    [
      "a bracket that closes nothing",
      "const f = () => { 1 }}",
      "→ nothing is open that this } could close: remove it",
    ],
    ["a character from another keyboard", "const a = 1，", "TS1127", "→ write , instead of ，"],
    ["a character that nothing has", "const a = 1 § 2", "TS1127", "→ remove this character"],
    ["quotes of a word processor", "const s = “text”", "→ write straight quotes"],
    ["a text without an end", "console.log('hi)", "TS1002", "→ close the text with the same quote"],
    [
      "a missing operator",
      "const y = 1 2",
      "',' expected. TS1005",
      "→ before this place a comma or an operator is missing",
    ],
    ["an object as a statement", "{a:1}.b", "→ a line that begins with { is a block"],
    [
      "a word of the language as a name",
      "let class = 3",
      "1 error;",
      "→ class is a word of the language: choose another name",
    ],
    ["JSX", "const page = <b>hello</b>", "→ JSX is not run here"],
    [
      "commas in a for",
      "for (let i = 0, i < 3, i++) { }",
      "1 error;",
      "→ the three parts of a for stand between semicolons",
    ],
  ])("%s", (...line) => says(line));
});

describe("habits of Python", () => {
  test.each<[code: string, hint: string]>([
    ["print(1)", "write console.log(…)"],
    ["const nothing = None", "write null"],
    ["const yes = True || False", "write true"],
    ["len([1])", "write list.length; a tensor has x.shape[0]"],
    ["range(10)", "write for (let i = 0; i < 10; i++) { … }; arange(10) is a tensor"],
    ["[1].append(2)", "here it is called push"],
    ["def f(x):\n  return x", "write function f(x) { … }"],
    ["for x in range(10):\n  console.log(x)", "write for (let x = 0; x < 10; x++) { … }"],
    ["for row in rows: row", "write for (const row of rows) { … }"],
    ["class Net(nn.Module):\n  pass", "write class Net extends nn.Module { … }"],
    ["if 1 > 2:\n  3", "write if (…) { … }"],
    ["if (1 > 2) { 1 } elif (2) { 3 }", "write else if (…) { … }"],
    ["true and false", "write && for and"],
    ["const v = 1 or 2", "write || for or"],
    ["not true", "write ! for not"],
    ["import numpy as np", "leave it out: tensor, nn, optim"],
    ["from torch import nn", "leave it out: tensor, nn, optim"],
    ["import os as system", 'write import * as system from "os"'],
    ["torch.zeros([1])", "leave it out: tensor, zeros"],
    ["# a comment\nconst z = 1", "comments begin with //"],
    ["const z = 1 # one", "comments begin with //"],
    ["tensor([1]) @ tensor([2])", "write a.matmul(b) for a @ b"],
    ["lambda x: x + 1", "write (x) => …"],
    ['const s = f"value {1}"', "a text with values in it stands between backticks"],
    ["[x for x in list]", "write list.map((x) => x)"],
    ["raise Error('x')", "write throw new Error(…)"],
    ["!pip install numpy", "write %install name"],
  ])("%s", async (code, hint) => {
    const traceback = await failing(code);
    expect(traceback).toContain(`→ ${hint}`);
    expect(traceback).toContain("> 1 | ");
  });
});

describe("running", () => {
  test.each<Case>([
    [
      "shapes that do not fit",
      "const x = randn([2, 3]);\nx.matmul(randn([2, 3]))",
      "ShapeError: matmul:",
      "[2, 3]",
      "cell #, line 2",
      "> 2 | x.matmul(randn([2, 3]))",
      "    |   ^^^^^^",
    ],
    [
      "a layer's input",
      "const net = nn.sequential(nn.flatten(), nn.linear(100, 10));\nnet(randn([2, 1, 28, 28]))",
      "ShapeError: Sequential.1 (Linear 100 → 10)",
      "nn.linear(784, 10)",
      "cell #, line 2",
    ],
    [
      "a class that there is not",
      'nn.crossEntropy(randn([2, 3]), tensor([0, 3], { dtype: "int32" }))',
      "crossEntropy: label 1 is 3",
      "classes 0 to 2",
    ],
    [
      "a member of undefined",
      "const found = [1].find((n) => n > 5);\nfound.toFixed()",
      "TypeError",
      "cell #, line 2",
      "> 2 | found.toFixed()",
      "→ found is undefined: check where it gets its value, or write found?.toFixed if it may be missing",
    ],
    [
      "a member of an element",
      "const list: any[] = [];\nlist[0].name = 1",
      "→ list[0] is undefined: check where it gets its value",
    ],
    [
      "a cause",
      "try {\n  JSON.parse('{');\n} catch (error) {\n  throw new Error('cannot read', { cause: error });\n}",
      "Error: cannot read",
      "cell #, line 4",
      "Caused by: SyntaxError",
      "cell #, line 2",
    ],
    [
      "several causes",
      "await Promise.any([1, 2].map(async (n) => { throw new Error('no ' + n) }))",
      "AggregateError",
      "[1 of 2] Error: no 1",
      "cell #, line 1",
      "[2 of 2] Error: no 2",
    ],
    [
      "a text that is thrown",
      "if (true)\n  throw 'text'",
      "Thrown: 'text'",
      "cell #, line 2",
      "> 2 |   throw 'text'",
      "throw new Error(…)",
    ],
    [
      "a number that a promise is rejected with",
      "1;\nawait Promise.reject(3)",
      "Thrown: 3",
      "> 2 | await Promise.reject(3)",
    ],
    [
      "a text that ends what is awaited each time",
      "const texts = (async function* () { yield 1; await Promise.reject('end') })();\nfor await (const one of texts) one;",
      "Thrown: 'end'",
      "cell #, line 2",
    ],
    ["undefined that is thrown", "throw undefined", "Thrown: undefined"],
    ["an object that is thrown", "throw { code: 1 }", "Thrown: { code: 1 }"],
    [
      "an imported file",
      "import { fail } from './helper.ts';\nfail('from a file')",
      "Error: from a file",
      "helper.ts, line 4, in fail",
      "> 4 |   throw new Error(text);",
      "cell #, line 2: fail('from a file')",
    ],
    [
      "a text that an imported file throws",
      "import { refuse } from './values.ts';\nrefuse()",
      "Thrown: 'not today'",
      "values.ts, line 3, in refuse",
      "> 3 |   throw 'not today';",
      "cell #, line 2: refuse()",
    ],
    [
      "a number of a promise that nobody awaits",
      "1;\nPromise.reject(3); 2",
      "Thrown: 3",
      "cell #, line 2",
      "> 2 | Promise.reject(3); 2",
      "→ nothing awaits this promise: put await before it",
    ],
    [
      "a text of a promise that is made and that nobody awaits",
      "void new Promise((_resolve, reject) => {\n  setTimeout(() => reject('too late'), 5);\n});\nawait new Promise((resolve) => setTimeout(resolve, 50));",
      "Thrown: 'too late'",
      "cell #, line 2",
      "> 2 |   setTimeout(() => reject('too late'), 5);",
      "→ nothing awaits this promise: put await before it",
    ],
    [
      "a promise that nobody awaits",
      "const early = 1;\nPromise.reject(new Error('unseen')); early + 1;",
      "Error: unseen",
      "cell #, line 2",
      "→ nothing awaits this promise: put await before it",
    ],
    [
      "recursion without an end",
      "function down(n: number): number { return down(n + 1) }\ndown(0)",
      "RangeError: Maximum call stack",
      "cell #, line 1, in down",
      "→ a function calls itself without an end",
    ],
    [
      "a name in a cell that is not checked",
      "// @ts-nocheck\nprint(1)",
      "ReferenceError: print is not defined",
      "cell #, line 2",
      "→ write console.log(…)",
    ],
  ])("%s", (...line) => says(line));

  test("a timer after its cell: with that cell and its line, and the kernel lives", async () => {
    const ran = await kernel.execute(
      "const later = 1;\nvoid setTimeout(() => { throw new Error('late') }, 30);",
    );
    expect(ran.reply.content.status).toBe("ok");
    const { content } = await kernel.output(ran.id, "late");
    const text = stripVTControlCharacters((content.traceback as string[]).join("\n"));
    expect(text).toContain(`cell ${ran.reply.content.execution_count}, line 2`);
    expect(text).toContain("> 2 | void setTimeout(");
    expect((await kernel.execute("1")).reply.content.status).toBe("ok");
  });

  test("NaN in the data and a learning rate of 1e6: the training says what to try", async () => {
    const train = (values: string, lr: string) =>
      kernel.execute(
        `seed(1); const net${lr.length} = nn.linear(2, 2);
        await fit(net${lr.length}, [[tensor(${values}), tensor([0, 1], { dtype: "int32" })]], { epochs: 12, optimizer: optim.sgd(net${lr.length}.parameters(), { lr: ${lr} }) })`,
      );
    const shown = async (values: string, lr: string) => JSON.stringify((await train(values, lr)).published);
    expect(await shown("[[1, NaN], [2, 3]]", "0.1")).toContain(
      "the inputs of this batch contain NaN or infinity; clean the data",
    );
    expect(await shown("[[1, 2], [2, 3]]", "1e6")).toMatch(
      /the learning rate 1000000 is probably too high|lower the learning rate/,
    );
  });
});
