// Runs trainings over several seeds: `node test/engine/models/calibrate.ts budget localisation 5`. NNLAB_BLAS=none measures WebAssembly.

import process from "node:process";
import * as all from "./trainings.ts";

const words = process.argv.slice(2);
const seeds = Number(words.find((word) => Number(word) > 0) ?? 5);
for (const [name, training] of Object.entries(all).filter(([name]) => words.includes(name))) {
  const found = new Map<string, number[]>();
  const before = process.cpuUsage();
  for (let n = 0; n < seeds; n++) {
    const figures = await training(n);
    for (const [figure, value] of Object.entries(figures))
      found.set(figure, [...(found.get(figure) ?? []), value]);
  }
  const { user, system } = process.cpuUsage(before);
  console.log(`${name}, ${seeds} seeds, ${((user + system) / 1e6 / seeds).toFixed(1)} s of one core each`);
  for (const [figure, values] of found) {
    const [least, median, most] = [0, (seeds - 1) >> 1, seeds - 1].map((i) =>
      values.toSorted((a, b) => a - b)[i]!.toFixed(3),
    );
    console.log(
      `  ${figure}: ${least}, median ${median}, ${most}; by seed ${values.map((value) => value.toFixed(3)).join(" ")}`,
    );
  }
}
