/** `npm run bench -- --displays`: how long each picture takes to make and to draw when such a one was drawn before, and what it weighs. */
import { availableParallelism, cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { type Column, digits, markdown } from "../report.ts";
import { median } from "../rounds.ts";
import { type GalleryPicture, galleryPictures } from "./gallery.ts";

const usage = `npm run bench -- --displays [options]
  --rounds N     7 unless told
  --busy         for a machine that is busy with other things: time of all threads on a processor
  --match TEXT   only the pictures that have TEXT in their name
  --json         the figures as JSON, and nothing else`;

interface Figures {
  readonly name: string;
  /** Median of the rounds. */
  readonly milliseconds: number;
  /** Of the JSON that travels to the front end. */
  readonly bytes: number;
}

function measure({ name, draw }: GalleryPicture, rounds: number, busy: boolean): Figures {
  const bytes = JSON.stringify(draw()).length;
  const times = Array.from({ length: rounds }, () => {
    const used = process.cpuUsage();
    const start = performance.now();
    draw();
    const wall = performance.now() - start;
    const { user, system } = process.cpuUsage(used);
    return busy ? (user + system) / 1000 : wall;
  });
  return { name, milliseconds: median(times), bytes };
}

const columns: readonly Column<Figures>[] = [
  ["ms", ({ milliseconds }) => digits(milliseconds)],
  ["KB", ({ bytes }) => digits(bytes / 1000)],
];

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rounds: { type: "string", default: "7" },
      busy: { type: "boolean", default: false },
      match: { type: "string", default: "" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return console.log(usage);
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new RangeError(`--rounds must be a whole number from 1, got ${values.rounds}`);
  const load = loadavg()[0]!;
  const figures: Figures[] = [];
  for await (const picture of galleryPictures()) {
    if (!picture.name.includes(values.match)) continue;
    if (!values.json) process.stderr.write(`\r${picture.name}`.padEnd(60));
    figures.push(measure(picture, rounds, values.busy));
  }
  figures.sort((a, b) => b.milliseconds - a.milliseconds);
  if (values.json) return console.log(JSON.stringify(figures, null, 1));
  process.stderr.write(`\r${"".padEnd(60)}\r`);
  const machine = `${cpus()[0]?.model ?? "unknown processor"}, ${availableParallelism()} cores`;
  const when = new Date().toISOString().slice(0, 10);
  const how = values.busy ? "time of all threads on a processor" : "time";
  console.log(
    `${when}, ${machine}, Node ${process.versions.node}; load at the start ${load.toFixed(1)}; ${how}, the median of ${rounds} rounds after a first one.\n`,
  );
  console.log(markdown([["picture", ({ name }) => `\`${name}\``]], columns, figures));
}

await main();
