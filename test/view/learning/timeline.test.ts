import { describe, expect, it } from "vitest";
import { show } from "../../../kernel/view/index.ts";
import { bundleOf, specOf } from "../decode.ts";
import { expectPicture } from "../snapshot.ts";

interface Row {
  date: string;
  lines: string[];
  at: number;
  start: number;
  end: number;
  place: number;
}
const rowsOf = (shown: ReturnType<typeof show.timeline>): Row[] =>
  (specOf(bundleOf(shown)).data as { values: Row[] }).values;

/** No label may touch the next. */
function expectApart(rows: readonly Row[], height: number): void {
  rows.forEach(({ place, lines }, i) => {
    const half = (15 * lines.length) / 2;
    expect(place - half).toBeGreaterThanOrEqual(-0.01);
    expect(place + half).toBeLessThanOrEqual(height + 0.01);
    const next = rows[i + 1];
    if (next) expect(next.place - (15 * next.lines.length) / 2).toBeGreaterThanOrEqual(place + half);
  });
}

describe("show.timeline", () => {
  it("draws events in order at their dates, spans as bars, groups by colour and shape", () => {
    const shown = show.timeline(
      [
        { date: 1998, label: "LeNet-5", group: "network" },
        { date: 1958, label: "Perceptron (Rosenblatt)", group: "method" },
        {
          date: 1969,
          label: "Minsky and Papert's book: one line cannot separate XOR, and research nearly stops",
          group: "event",
        },
        { date: [1970, 1985], label: "The first silence", group: "event" },
        { date: 1986, label: "Backpropagation (Rumelhart, Hinton, Williams)", group: "method" },
        { date: 2006, label: "Deep belief networks", group: "network" },
        { date: 2012, label: "AlexNet", group: "network" },
        { date: 2014, label: "VGG", group: "network" },
        { date: 2014, label: "GoogLeNet", group: "network" },
        { date: 2015, label: "ResNet", group: "network" },
      ],
      { title: "Deep learning" },
    );
    expectPicture("timeline", shown);
    expect(String(shown)).toMatch(
      /^10 events, 1958 to 2015: 1958 Perceptron \(Rosenblatt\), 1969 Minsky.*, 1970–1985 The first silence …\.$/,
    );
    const rows = rowsOf(shown);
    expect(rows.map(({ date }) => date)).toEqual([
      "1958",
      "1969",
      "1970–1985",
      "1986",
      "1998",
      "2006",
      "2012",
      "2014",
      "2014",
      "2015",
    ]);
    expectApart(rows, specOf(bundleOf(shown)).height as number);
    const [first, second] = [rows[0]!, rows[1]!];
    const perYear = (second.at - first.at) / 11;
    expect(rows.at(-1)!.at - first.at).toBeCloseTo(57 * perYear, 0);
    expect(rows[2]!.end - rows[2]!.start).toBeCloseTo(15 * perYear, 0);
  });

  it("takes a table of years, and one event alone", () => {
    expect(String(show.timeline({ 2012: "AlexNet", 1958: "Perceptron" }))).toBe(
      "2 events, 1958 to 2012: 1958 Perceptron, 2012 AlexNet.",
    );
    expect(String(show.timeline({ 1958: "Perceptron" }))).toBe("1 event: 1958 Perceptron.");
    expect(rowsOf(show.timeline([{ date: -300.5, label: "Euclid" }]))[0]!.date).toBe("−301");
  });

  it("keeps three dozen events of one year and long labels apart", () => {
    const crowd = Array.from({ length: 36 }, (_, i) => ({
      date: i < 35 ? 2012 : 1900,
      label: `event number ${i} ${"with much to say ".repeat(i % 5)}`,
    }));
    const shown = show.timeline(crowd);
    expectApart(rowsOf(shown), specOf(bundleOf(shown)).height as number);
    expect(JSON.stringify(bundleOf(shown)).length).toBeLessThan(200_000);
  });

  it.each<[unknown, RegExp]>([
    [{}, /show\.timeline: expected events such as/],
    [[], /show\.timeline: expected events such as .* got none/],
    [5, /show\.timeline: expected events such as .* got 5/],
    [{ soon: "a" }, /a date is a number such as 1958, or \[from, to\], got NaN/],
    [[{ date: [2, 1], label: "back" }], /a date is a number such as 1958, or \[from, to\]/],
    [[{ date: 1958 }], /the event of 1958 needs a label/],
    [
      Array.from({ length: 37 }, (_, i) => ({ date: i, label: "a" })),
      /37 events are too many for one picture, at most 36/,
    ],
    [
      Array.from({ length: 9 }, (_, i) => ({ date: i, label: "a", group: String(i) })),
      /at most 8 groups can be told apart, got 9/,
    ],
  ])("explains what is wrong (%#)", (events, message) => {
    expect(() => show.timeline(events as never)).toThrow(message);
  });
});
