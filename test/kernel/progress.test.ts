/** The bar of a loop: what it shows, how often, and how it ends. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { progress, progressAt } from "../../kernel/view/training/progress.ts";
import { outputTypes, streamText, TestKernel } from "./client.ts";

/** A place that keeps what is shown, with a clock that every look moves on by `step` milliseconds. */
function recording({ live = true, step = 10 } = {}) {
  const lines: string[] = [];
  const endings: (() => void)[] = [];
  let time = 0;
  const keep = ({ data }: { data: Record<string, unknown> }) => void lines.push(String(data["text/plain"]));
  const place = {
    publisher: { display: keep, update: keep, atEnd: (last: () => void) => void endings.push(last) },
    live,
    now: () => {
      time += step;
      return time;
    },
  };
  return { place, lines, endings };
}

describe("progress", () => {
  test("shows how far, how fast and how long still, ten times a second at most, and ends in a line", () => {
    const { place, lines } = recording();
    const items = Array.from({ length: 100 }, (_, i) => i);
    const seen: number[] = [];
    for (const item of progressAt(place, items, { label: "reading" })) seen.push(item);
    expect(seen).toEqual(items);
    // 100 steps of 10 ms: the first line, one every 100 ms, the last.
    expect(lines).toHaveLength(12);
    expect(lines[0]).toBe(`reading  ${"░".repeat(24)}    0 %  0 of 100`);
    expect(lines[5]).toBe(
      `reading  ${"█".repeat(12)}${"░".repeat(12)}   50 %  50 of 100, 100 per second, 0.5 s left`,
    );
    expect(lines[11]).toMatch(/^reading: 100 of 100 in 1.0 s, 9\d(\.\d)? per second\.$/);
  });

  test("goes through what is asynchronous, or has no known length", async () => {
    const { place, lines } = recording({ step: 2000 });
    async function* numbers() {
      yield* [1, 2, 3];
    }
    const seen: number[] = [];
    for await (const item of progressAt(place, numbers(), {})) seen.push(item);
    expect(seen).toEqual([1, 2, 3]);
    expect(lines).toEqual([
      "0",
      "1, 2.0 s each, 2.0 s",
      "2, 2.0 s each, 4.0 s",
      "3, 2.0 s each, 6.0 s",
      "3 in 8.0 s, 2.7 s each.",
    ]);
  });

  test("keeps both ways of a source that has both", async () => {
    const both = { ...recording() };
    const source = {
      length: 2,
      *[Symbol.iterator]() {
        yield* ["sync", "sync"];
      },
      async *[Symbol.asyncIterator]() {
        yield* ["async", "async"];
      },
    };
    const watched = progressAt(both.place, source, {});
    expect([...watched]).toEqual(["sync", "sync"]);
    const seen: string[] = [];
    for await (const item of watched) seen.push(item);
    expect(seen).toEqual(["async", "async"]);
    expect(both.lines.filter((line) => line.startsWith("2 of 2 in"))).toHaveLength(2);
  });

  test("says where it was broken off: by break, by an error, by the end of the cell", () => {
    const items = [1, 2, 3, 4];
    const broken = recording();
    for (const item of progressAt(broken.place, items, {})) if (item === 3) break;
    expect(broken.lines.at(-1)).toMatch(/^stopped after 2 of 4 in/);
    const failed = recording();
    expect(() => {
      for (const item of progressAt(failed.place, items, {})) if (item === 2) throw new Error("odd");
    }).toThrow("odd");
    expect(failed.lines.at(-1)).toMatch(/^stopped after 1 of 4 in/);
    const left = recording();
    const iterator = progressAt(left.place, items, {})[Symbol.iterator]();
    iterator.next();
    iterator.next();
    for (const ending of left.endings) ending();
    expect(left.lines.at(-1)).toMatch(/^stopped after 1 of 4 in/);
  });

  test("shows the last line alone where outputs are read as answers", () => {
    const { place, lines } = recording({ live: false });
    for (const item of progressAt(place, new Set([1, 2]), {})) void item;
    expect(lines).toEqual([expect.stringMatching(/^2 of 2 in 0.0 s, \d+(\.\d)? per second\.$/)]);
  });

  test("goes without a total that is too small, and through nothing", () => {
    const { place, lines } = recording({ step: 100 });
    for (const item of progressAt(place, [1, 2, 3], { total: 2 })) void item;
    expect(lines.at(-2)).toBe("3, 10 per second, 0.3 s");
    expect(lines.at(-1)).toBe("3 in 0.4 s, 7.5 per second.");
    for (const item of progressAt(place, [], {})) void item;
    expect(lines.at(-1)).toBe("0 of 0 in 0.1 s.");
  });

  test("says what it cannot go through", () => {
    expect(() => progress(5 as never)).toThrow(/expected something to go through, .* got 5/);
    expect(() => progress(null as never)).toThrow(/got null/);
    expect(() => progress([1], { total: -1 })).toThrow(/total must be a whole number from 0, got -1/);
  });
});

describe("in a kernel", () => {
  let kernel: TestKernel;
  beforeAll(async () => {
    kernel = await TestKernel.start();
  });
  afterAll(() => kernel.stop());

  test("is preloaded with its types, updates one display, and writes to no stream", async () => {
    const ran = await kernel.execute(
      "let sum = 0;\nfor (const [x, y] of progress(data.moons({ samples: 128 }).loader({ batchSize: 1 }))) sum += x.size + y.size;",
    );
    expect(ran.reply.content).toMatchObject({ status: "ok" });
    const types = outputTypes(ran);
    expect(types[0]).toBe("display_data");
    expect(new Set(types.slice(1))).toEqual(new Set(["update_display_data"]));
    const last = ran.published.filter(({ header }) => header.msg_type === "update_display_data").at(-1)!;
    const { data } = last.content as { data: Record<string, string> };
    expect(data["text/plain"]).toMatch(/^128 of 128 in \d/);
    expect(streamText(ran, "stderr")).toBe("");
  });
});
