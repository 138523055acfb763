/** All that a cell shows arrives, in order, before it is idle; or is cut, and the cell says how much. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { outputTypes, streamText, TestKernel } from "./client.ts";

let kernel: TestKernel;
/** For a hang, not for a busy machine. */
const hangs = 120_000;

beforeAll(async () => {
  kernel = await TestKernel.start();
  const preparation = [
    "import { execSync, spawn } from 'node:child_process'; import { writeSync } from 'node:fs'",
    "import koffi from 'koffi'; const write = koffi.load(null).func('long write(int file, str text, size_t length)')",
    "const native = (text: string): void => void write(1, text, Buffer.byteLength(text))",
  ];
  for (const code of preparation)
    expect((await kernel.execute(code, {}, hangs)).reply.content).toMatchObject({ status: "ok" });
}, hangs);
afterAll(() => kernel.stop());

describe("in order, before idle", () => {
  test("200,000 printed lines", { timeout: hangs }, async () => {
    const ran = await kernel.execute("for (let i = 0; i < 200_000; i++) console.log(i)", {}, hangs);
    const expected = Array.from({ length: 200_000 }, (_, i) => `${i}\n`).join("");
    expect(streamText(ran) === expected).toBe(true);
    expect(ran.published.at(-1)?.content.execution_state).toBe("idle");
  });

  test("20 MB", { timeout: hangs }, async () => {
    const code = "for (let i = 0; i < 20; i++) process.stdout.write(String(i % 10).repeat(1_000_000))";
    const text = streamText(await kernel.execute(code, {}, hangs));
    expect(text.length).toBe(20_000_000);
    expect([...text.matchAll(/(\d)\1*/g)].map(([run]) => run.length)).toEqual(Array(20).fill(1_000_000));
  });

  test("10,000 displays between lines", { timeout: hangs }, async () => {
    const code =
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the cell's own
      "for (let i = 0; i < 10_000; i++) { display(`shown ${i}`); if (i % 1000 === 0) console.log(i) }";
    const ran = await kernel.execute(code, {}, hangs);
    const shown = ran.published.flatMap(({ header, content }) => {
      if (header.msg_type === "stream") return [String(content.text).trim()];
      if (header.msg_type !== "display_data") return [];
      return [(content.data as Record<string, string>)["text/plain"]];
    });
    const expected = Array.from({ length: 10_000 }, (_, i) =>
      i % 1000 === 0 ? [`'shown ${i}'`, `${i}`] : [`'shown ${i}'`],
    );
    expect(shown).toEqual(expected.flat());
  });

  test("what native code, children and the cell print in turn", { timeout: hangs }, async () => {
    const code = [
      "for (let i = 0; i < 300; i++) {",
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the cell's own
      "  console.log(`a${i}`); native(`b${i}\\n`); writeSync(1, `c${i}\\n`);",
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the cell's own
      "  if (i % 100 === 0) execSync(`echo d${i}`, { stdio: 'inherit' });",
      "}",
      "console.log('end')",
    ].join("\n");
    const expected = Array.from(
      { length: 300 },
      (_, i) => `a${i}\nb${i}\nc${i}\n${i % 100 === 0 ? `d${i}\n` : ""}`,
    );
    expect(streamText(await kernel.execute(code, {}, hangs))).toBe(`${expected.join("")}end\n`);
  });

  test("what was written natively, around displays", { timeout: hangs }, async () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the cell's own
    const code = "for (let i = 0; i < 3; i++) { native(`n${i} `); display(i); } native('last')";
    const ran = await kernel.execute(code, {}, hangs);
    expect(outputTypes(ran)).toEqual([...Array(3).fill(["stream", "display_data"]).flat(), "stream"]);
    expect(streamText(ran)).toBe("n0 n1 n2 last");
  });

  test("5 MB from a child that the cell awaits", { timeout: hangs }, async () => {
    const script = "for (let i = 0; i < 500000; i++) process.stdout.write('x'.repeat(9) + '\\\\n')";
    const code = [
      `const child = spawn(process.execPath, ['-e', "${script}"], { stdio: ['ignore', 'inherit', 'inherit'] });`,
      "await new Promise((ended) => child.once('exit', ended)); console.log('end')",
    ].join("\n");
    const text = streamText(await kernel.execute(code, {}, hangs));
    expect(text.length).toBe(5_000_004);
    expect(text.endsWith("x\nend\n")).toBe(true);
  });
});

test("what timers print after the cell has ended is the cell's", async () => {
  const { id } = await kernel.execute(
    "setTimeout(() => { console.log('late 1'); setTimeout(() => console.log('late 2'), 30) }, 50); undefined",
  );
  const other = await kernel.execute("console.log('other'); await new Promise((r) => setTimeout(r, 20))");
  await kernel.output(id, "late 2");
  expect(streamText({ published: kernel.published(id) })).toBe("late 1\nlate 2\n");
  expect(streamText(other)).toBe("other\n");
});

describe("a limit", () => {
  let limited: TestKernel;
  beforeAll(async () => {
    limited = await TestKernel.start({ env: { NNLAB_CELL_OUTPUT_MB: "1" } });
  }, hangs);
  afterAll(() => limited.stop());

  test("cuts printed text, and says how much", { timeout: hangs }, async () => {
    const ran = await limited.execute(
      "for (let i = 0; i < 3000; i++) console.log('y'.repeat(999))",
      {},
      hangs,
    );
    const text = streamText(ran);
    expect(text.slice(0, 1_000_000)).toBe(`${"y".repeat(999)}\n`.repeat(1000));
    expect(text.slice(1_000_000)).toContain("2,000,000 characters of printed text (2,000 lines) cut here");
    expect(text.slice(1_000_000)).toContain("NNLAB_CELL_OUTPUT_MB");
  });

  test("cuts displays, and errors and results still come", { timeout: hangs }, async () => {
    const code =
      "for (let i = 0; i < 5; i++) display({ [Symbol.for('Jupyter.display')]: () => ({ 'text/plain': 'z'.repeat(400_000) }) });\n7";
    const ran = await limited.execute(code, {}, hangs);
    expect(outputTypes(ran)).toEqual(["display_data", "display_data", "execute_result", "stream"]);
    expect(streamText(ran)).toContain("3 displays cut here");
  });

  test("holds for each cell anew, and for what comes late", { timeout: hangs }, async () => {
    const { id } = await limited.execute(
      "setTimeout(() => { for (let i = 0; i < 4; i++) process.stdout.write('w'.repeat(500_000)) }, 10); 'ended'",
    );
    await limited.output(id, "1,000,000 characters of printed text");
    expect(streamText(await limited.execute("console.log('next')"))).toBe("next\n");
  });
});
