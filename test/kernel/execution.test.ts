/** What cells do, seen by a front end: results, streams, errors, displays, input, the queue. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { temporaryFolder } from "../support/jupyter.ts";
import { only, outputTypes, resultText, streamText, TestKernel } from "./client.ts";

let kernel: TestKernel;
const folder = temporaryFolder("notebook");

beforeAll(async () => {
  writeFileSync(join(folder.path, "helper.ts"), "export const answer: number = 42;\n");
  mkdirSync(join(folder.path, "data"));
  kernel = await TestKernel.start({ directory: folder.path });
});
afterAll(async () => {
  await kernel.stop();
  folder.remove();
});

describe("results", () => {
  test("the value of the last expression, as text without colours", async () => {
    const ran = await kernel.execute("const twice = (x: number) => 2 * x;\ntwice(21)");
    expect(ran.reply.content).toMatchObject({ status: "ok", payload: [], user_expressions: {} });
    expect(only(ran, "execute_result").execution_count).toBe(ran.reply.content.execution_count);
    expect(resultText(ran)).toBe("42");
    expect(resultText(await kernel.execute("({ a: [1, 'x', null] })"))).toBe("{ a: [ 1, 'x', null ] }");
  });

  test.each([
    ["undefined"],
    ["const nothingToShow = 5"],
    ["for (let i = 0; i < 3; i++) i;"],
    ["function f() { return 1 }"],
    ["await Promise.resolve()"],
    [""],
    ["// only a comment"],
  ])("%j has none", async (code) => {
    const ran = await kernel.execute(code);
    expect(ran.reply.content.status).toBe("ok");
    expect(outputTypes(ran)).toEqual([]);
  });

  test("a promise is awaited, without await and with it", async () => {
    expect(resultText(await kernel.execute("Promise.resolve('done')"))).toBe("'done'");
    expect(resultText(await kernel.execute("await new Promise((r) => setTimeout(() => r(7), 20))"))).toBe(
      "7",
    );
  });

  test("values that are not JSON", async () => {
    for (const [code, text] of [
      ["NaN", "NaN"],
      ["-0", "-0"],
      ["5n", "5n"],
      ["Symbol('s')", "Symbol(s)"],
      ["null", "null"],
      ["new Map([[1, 2]])", "Map(1) { 1 => 2 }"],
    ])
      expect(resultText(await kernel.execute(`${code}`))).toBe(text);
  });

  test("long ones are cut", async () => {
    const text = resultText(await kernel.execute("'x'.repeat(1e6)")) ?? "";
    expect(text.length).toBeLessThan(25_000);
    expect(text).toContain("more characters");
    expect(resultText(await kernel.execute("Array.from({ length: 1e5 }, (_, i) => i)"))).toContain(
      "99900 more items",
    );
  });
});

describe("variables", () => {
  test("live on: closures see what later cells assign", async () => {
    await kernel.execute("let lr = 0.1; function step() { return lr }");
    await kernel.execute("lr = 0.01");
    expect(resultText(await kernel.execute("step()"))).toBe("0.01");
  });

  test("const, let, class and function may be declared again, with other types too", async () => {
    for (const code of ["const again = 1", "let again = 'text'", "class again {}", "function again() {}"]) {
      const ran = await kernel.execute(code);
      expect(ran.reply.content.status, JSON.stringify(ran.reply.content)).toBe("ok");
    }
    expect(resultText(await kernel.execute("typeof again"))).toBe("'function'");
  });

  test("are kept when their cell fails later", async () => {
    const failed = await kernel.execute("const survivor = 1;\nlet changed = 2;\nthrow new Error('later')");
    expect(failed.reply.content.status).toBe("error");
    expect(resultText(await kernel.execute("survivor + changed"))).toBe("3");
  });
});

describe("imports", () => {
  test("of the notebook's folder and of Node", async () => {
    const ran = await kernel.execute(
      "import { answer } from './helper';\nimport { existsSync } from 'node:fs';\n[answer, existsSync('data')]",
    );
    expect(resultText(ran)).toBe("[ 42, true ]");
    expect(resultText(await kernel.execute("(await import('./helper')).answer"))).toBe("42");
  });
});

describe("what is printed", () => {
  test("20,000 lines arrive, in order, before idle", async () => {
    const ran = await kernel.execute("for (let i = 0; i < 20000; i++) console.log('line', i)");
    const expected = Array.from({ length: 20_000 }, (_, i) => `line ${i}\n`).join("");
    expect(streamText(ran) === expected).toBe(true);
    expect(ran.published.length).toBeLessThan(200);
    expect(ran.published.at(-1)?.content.execution_state).toBe("idle");
  });

  test("stdout and stderr keep their order; console.warn is stderr, as in Node", async () => {
    const ran = await kernel.execute(
      "console.log(1); console.error(2); console.warn(3); process.stdout.write('4'); console.info({ a: 1 })",
    );
    const streams = ran.published.filter(({ header }) => header.msg_type === "stream");
    expect(streams.map(({ content }) => [content.name, content.text])).toEqual([
      ["stdout", "1\n"],
      ["stderr", "2\n3\n"],
      ["stdout", "4{ a: 1 }\n"],
    ]);
  });

  test("stands where it belongs among displays and the result", async () => {
    const ran = await kernel.execute("console.log('a'); display(1); console.log('b'); 2");
    expect(outputTypes(ran)).toEqual(["stream", "display_data", "stream", "execute_result"]);
  });

  test("bytes, even in the middle of a character", async () => {
    const ran = await kernel.execute(
      "const bytes = Buffer.from('größe'); for (const byte of bytes) process.stdout.write(Uint8Array.of(byte)); undefined",
    );
    expect(streamText(ran)).toBe("größe");
  });

  test("by a child process that inherits stdout", async () => {
    const ran = await kernel.execute(
      "import { execSync } from 'node:child_process';\nconsole.log('before'); execSync('echo from the child', { stdio: 'inherit' }); console.log('after')",
    );
    expect(streamText(ran)).toContain("from the child\n");
    expect(streamText(ran)).toContain("after\n");
  });

  test("later, by a timer: with the cell that started it", async () => {
    const first = await kernel.execute("setTimeout(() => console.log('late'), 150); undefined");
    const second = await kernel.execute(
      "await new Promise((r) => setTimeout(r, 400)); console.log('second')",
    );
    await kernel.output(first.id, "late");
    expect(streamText(second)).toBe("second\n");
  });

  test("nothing of ours is ever on stderr", () => {
    const texts = kernel.iopub.all
      .filter(({ content }) => content.name === "stderr")
      .map((m) => m.content.text);
    expect(texts).toEqual(["2\n3\n"]);
  });
});

describe("errors", () => {
  test("are in the reply and on iopub alike, and idle follows", async () => {
    const ran = await kernel.execute("const one = 1;\nnull!.missing");
    const { ename, evalue, traceback } = only(ran, "error");
    expect(ran.reply.content).toMatchObject({ status: "error", ename, evalue, traceback });
    const thrown = await kernel.execute("function inner() {\n  throw new RangeError('too far')\n}\ninner()");
    expect(only(thrown, "error")).toMatchObject({ ename: "RangeError", evalue: "too far" });
    expect(JSON.stringify(only(thrown, "error").traceback)).not.toMatch(
      /evaluate\.js|executor\.js|node:inspector/,
    );
    expect(thrown.published.at(-1)?.content.execution_state).toBe("idle");
  });

  test("a type error stops the cell before it runs", async () => {
    const ran = await kernel.execute("console.log('ran');\nconst wrong: string = 4;");
    expect(outputTypes(ran)).toEqual(["error"]);
    expect(String(ran.reply.content.evalue)).toContain("not assignable");
  });

  test("what is thrown need not be an Error", async () => {
    for (const thrown of ["'text'", "undefined", "null", "5", "{ a: 1 }", "Object.create(null)"]) {
      const ran = await kernel.execute(`throw ${thrown}`);
      expect(ran.reply.content.status, thrown).toBe("error");
      expect(outputTypes(ran)).toEqual(["error"]);
    }
  });

  test("of a promise that nobody awaits fail the cell", async () => {
    const ran = await kernel.execute("(async () => { throw new Error('unawaited') })(); undefined");
    expect(ran.reply.content).toMatchObject({ status: "error", evalue: "unawaited" });
    expect(outputTypes(ran)).toEqual(["error"]);
  });

  test("of timers are shown with their cell, and the kernel lives", async () => {
    const ran = await kernel.execute(
      "setTimeout(() => { throw new Error('late error') }, 60); setTimeout(() => Promise.reject(new Error('late rejection')), 90); undefined",
    );
    expect(ran.reply.content.status).toBe("ok");
    await kernel.output(ran.id, "late error");
    await kernel.output(ran.id, "late rejection");
    expect(resultText(await kernel.execute("1 + 1"))).toBe("2");
  });

  test("an interval that throws for ever does not flood the notebook", async () => {
    const ran = await kernel.execute(
      "const flood = setInterval(() => { throw new Error('again') }, 1); undefined",
    );
    await kernel.output(ran.id, "are not shown");
    await kernel.execute("clearInterval(flood)");
    expect(kernel.published(ran.id).filter(({ header }) => header.msg_type === "error")).toHaveLength(20);
  });

  test("process.exit() and its relatives are refused with a reason", async () => {
    for (const code of [
      "process.exit(0)",
      "process.abort()",
      "import { exit } from 'node:process';\nexit(3)",
    ]) {
      const ran = await kernel.execute(code);
      expect(ran.reply.content).toMatchObject({ status: "error", ename: "ProcessExitError" });
      expect(ran.reply.content.evalue).toContain("would end the kernel");
    }
    expect(kernel.process.exitCode).toBeNull();
  });
});

describe("displays", () => {
  const shows = "const shows = (data: object) => ({ [Symbol.for('Jupyter.display')]: () => data });";

  test("a result shows itself by Jupyter.display, with text for others", async () => {
    const ran = await kernel.execute(
      `${shows} shows({ 'text/html': '<b>x</b>', 'image/png': Uint8Array.of(1, 2) })`,
    );
    const { data } = only(ran, "execute_result") as { data: Record<string, string> };
    expect(data["text/html"]).toBe("<b>x</b>");
    expect(data["image/png"]).toBe("AQI=");
    expect(typeof data["text/plain"]).toBe("string");
  });

  test("also by a promise of a bundle with metadata", async () => {
    const bundle = "{ data: { 'text/plain': 'p' }, metadata: { 'text/plain': { m: 1 } } }";
    const ran = await kernel.execute(`({ async [Symbol.for('Jupyter.display')]() { return ${bundle} } })`);
    expect(only(ran, "execute_result")).toMatchObject({
      data: { "text/plain": "p" },
      metadata: { "text/plain": { m: 1 } },
    });
  });

  test("display, update by the handle and by id, clear", async () => {
    const ran = await kernel.execute(
      "const shown = display('a', { id: 'mine' }); shown.update('b'); clearOutput({ wait: true })",
    );
    expect(outputTypes(ran)).toEqual(["display_data", "update_display_data", "clear_output"]);
    expect(only(ran, "display_data")).toMatchObject({
      data: { "text/plain": "'a'" },
      transient: { display_id: "mine" },
    });
    expect(only(ran, "update_display_data")).toMatchObject({ transient: { display_id: "mine" } });
    expect(only(ran, "clear_output")).toEqual({ wait: true });
  });

  test("a display as last expression adds no result, and slow ones come before idle, in order", async () => {
    const slow =
      "const slow = (text: string, ms: number) => ({ [Symbol.for('Jupyter.display')]: () => new Promise((r) => setTimeout(() => r({ 'text/plain': text }), ms)) });";
    const ran = await kernel.execute(
      `${slow} const h = display(slow('1', 60)); h.update(slow('2', 5)); display(slow('3', 1))`,
    );
    const texts = ran.published.flatMap(
      ({ content }) => (content.data as Record<string, string> | undefined)?.["text/plain"] ?? [],
    );
    expect(texts).toEqual(["1", "2", "3"]);
    expect(outputTypes(ran)).toEqual(["display_data", "update_display_data", "display_data"]);
  });

  test.each([
    ["ends", ""],
    ["throws", "throw new Error('stop');"],
  ])("a live picture shows the state in which the cell %s", async (_how, last) => {
    const loop = "for (n = 1; n <= 5; n++) picture.update();";
    const ran = await kernel.execute(
      `let n = 0; const picture = show.live(() => show.bars([n])); ${loop} ${last}`,
    );
    const shown = ran.published.filter(({ header }) => /display_data$/.test(header.msg_type));
    expect(shown[0]!.header.msg_type).toBe("display_data");
    const { data } = shown.at(-1)!.content as { data: Record<string, unknown> };
    expect(data["text/plain"]).toBe("1 value, all 6.");
    expect(data).toHaveProperty("application/vnd.vegalite.v5+json");
    expect(ran.reply.content.status).toBe(last === "" ? "ok" : "error");
  });

  test("one that fails is an error of the cell", async () => {
    const broken = "({ [Symbol.for('Jupyter.display')]() { throw new Error('no picture') } })";
    expect((await kernel.execute(broken)).reply.content).toMatchObject({
      status: "error",
      evalue: "no picture",
    });
    expect((await kernel.execute(`display(${broken})`)).reply.content.status).toBe("error");
    const late = "display({ async [Symbol.for('Jupyter.display')]() { throw new Error('late picture') } })";
    expect((await kernel.execute(late)).reply.content).toMatchObject({
      status: "error",
      evalue: "late picture",
    });
    expect(
      (await kernel.execute("({ [Symbol.for('Jupyter.display')]() { return 5 } })")).reply.content.evalue,
    ).toContain("must return a record");
  });
});

describe("fields of execute_request", () => {
  test("silent: nothing is published but status, nothing counted", async () => {
    const before = (await kernel.execute("1")).reply.content.execution_count;
    const silent = await kernel.execute("console.log('x'); display(1); 5", { silent: true });
    expect(silent.reply.content).toMatchObject({ status: "ok", execution_count: before });
    expect(silent.published.map(({ header }) => header.msg_type)).toEqual(["status", "status"]);
  });

  test("store_history: false is not counted and not in the history", async () => {
    const before = (await kernel.execute("1")).reply.content.execution_count;
    const ran = await kernel.execute("'not stored'", { store_history: false });
    expect(ran.reply.content.execution_count).toBe(before);
    expect(resultText(ran)).toBe("'not stored'");
    const { reply } = await kernel.request("shell", "history_request", { hist_access_type: "tail", n: 1 });
    expect(reply.content.history).toEqual([[1, before, "1"]]);
  });

  test("user_expressions, of which one may fail", async () => {
    const ran = await kernel.execute("const expressed = 6", {
      user_expressions: { good: "expressed * 7", bad: "expressed.missing.more" },
    });
    expect(ran.reply.content.user_expressions).toMatchObject({
      good: { status: "ok", data: { "text/plain": "42" }, metadata: {} },
      bad: { status: "error", ename: "TypeError" },
    });
  });

  test("stop_on_error: cells that wait are aborted, and later ones run", async () => {
    const ids = [];
    for (const code of ["throw new Error('stop')", "console.log('must not run')", "2"])
      ids.push(await kernel.submit(code));
    const [failed, ...others] = await Promise.all(ids.map((id) => kernel.finish("shell", id)));
    expect(failed?.reply.content.status).toBe("error");
    for (const other of others) {
      expect(other.reply.content.status).toBe("aborted");
      expect(outputTypes(other)).toEqual([]);
    }
    expect(resultText(await kernel.execute("'runs again'"))).toBe("'runs again'");
  });

  test("stop_on_error: false is honoured, at once after an error too", async () => {
    const ids = [];
    for (const code of ["throw new Error('go on')", "const bad: string = 1", "'ran'"])
      ids.push(await kernel.submit(code, { stop_on_error: false }));
    const ran = await Promise.all(ids.map((id) => kernel.finish("shell", id)));
    expect(ran.map(({ reply }) => reply.content.status)).toEqual(["error", "error", "ok"]);
  });
});

describe("input", () => {
  test("prompt and getpass ask the front end and wait", async () => {
    const id = await kernel.submit(
      "const name: string = prompt('Name?'); const word = getpass(); [name, word, prompt('', 'default')]",
      {
        allow_stdin: true,
      },
    );
    const answers = ["Ada Löve", "secret", ""];
    const asked = [];
    for (const [index, value] of answers.entries()) {
      const isNext = () =>
        kernel.inboxes.stdin.all.filter((m) => m.parentHeader.msg_id === id).length > index;
      await kernel.inboxes.stdin.find("input_request", isNext);
      asked.push(kernel.inboxes.stdin.all.filter((m) => m.parentHeader.msg_id === id)[index]?.content);
      await kernel.send("stdin", "input_reply", { status: "ok", value });
    }
    expect(asked).toEqual([
      { prompt: "Name? ", password: false },
      { prompt: "Password: ", password: true },
      { prompt: "", password: false },
    ]);
    expect(resultText(await kernel.finish("shell", id))).toBe("[ 'Ada Löve', 'secret', 'default' ]");
  });

  test("is refused where nobody can answer", async () => {
    const ran = await kernel.execute("prompt('Name?')");
    expect(ran.reply.content).toMatchObject({ status: "error", ename: "InputError" });
    expect(ran.reply.content.evalue).toContain("does not allow input");
  });
});

describe("other requests", () => {
  test("completion counts the cursor in code points", async () => {
    await kernel.execute("const counted = { first: 1, second: 2 }");
    const code = "'🎓'; counted.fi";
    const { reply } = await kernel.request("shell", "complete_request", {
      code,
      cursor_pos: [...code].length,
    });
    expect(reply.content).toMatchObject({ matches: ["first"], cursor_start: 13, cursor_end: 15 });
    expect(reply.content.metadata).toMatchObject({
      _jupyter_types_experimental: [{ text: "first", start: 13, end: 15 }],
    });
  });

  test("completion and inspection answer while a cell runs, which stays busy", async () => {
    await kernel.execute("const known = [1, 2, 3]");
    const id = await kernel.submit("const until = Date.now() + 1500; while (Date.now() < until);");
    await kernel.iopub.find(
      "execute_input",
      (m) => m.parentHeader.msg_id === id && m.header.msg_type === "execute_input",
    );
    const asked = await kernel.request("shell", "complete_request", { code: "known.fil", cursor_pos: 9 });
    expect(asked.reply.content.matches).toContain("filter");
    const { reply } = await kernel.request("shell", "inspect_request", {
      code: "known",
      cursor_pos: 3,
      detail_level: 0,
    });
    expect(reply.content).toMatchObject({ status: "ok", found: true });
    expect(JSON.stringify(reply.content.data)).toContain("number[]");
    expect(kernel.published(id).some(({ content }) => content.execution_state === "idle")).toBe(false);
    // The cell is said to be busy after what was answered meanwhile is said to be idle.
    const latest = () => kernel.iopub.all.findLast(({ header }) => header.msg_type === "status")?.content;
    await expect.poll(latest).toMatchObject({ execution_state: "busy" });
    await kernel.finish("shell", id);
  });

  test.each([
    ["const a = 1", "complete"],
    ["function f() {", "incomplete"],
    ["const = 5;", "invalid"],
  ])("is_complete: %j is %s", async (code, status) => {
    const { reply } = await kernel.request("shell", "is_complete_request", { code });
    expect(reply.content.status).toBe(status);
    expect("indent" in reply.content).toBe(status === "incomplete");
  });
});
