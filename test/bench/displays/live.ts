/** `npm run bench -- --live`: what the live picture of `fit` costs a training, in time of its threads on a processor. */
import * as engine from "../../../engine/index.ts";
import { data, models, type nn, optim, seed } from "../../../engine/index.ts";
import { observeTraining, type TrainingRun } from "../../../engine/training.ts";
import { drawLater } from "../../../kernel/view/drawing/drawing.ts";
import { trainingDashboard } from "../../../kernel/view/training/dashboard.ts";
import { type Column, markdown } from "../report.ts";
import { median } from "../rounds.ts";

const rounds = 5;

interface Costs {
  frames: number;
  /** Milliseconds of the drawing thread, with the loading of what the first frame needs. */
  drawing: number;
  /** Milliseconds of the main thread: following steps, making frames, publishing. */
  observing: number;
  /** Milliseconds of the main thread for the chart at the end, most of which it waits. */
  final: number;
}

let costs: Costs;
const noCosts = (): Costs => ({ frames: 0, drawing: 0, observing: 0, final: 0 });

function timed(part: "observing" | "final", work: () => void): void {
  const start = performance.now();
  work();
  costs[part] += performance.now() - start;
}

const publish = (bundle: unknown) => void JSON.stringify(bundle);
const dashboard = trainingDashboard(
  { display: publish, update: publish, atEnd() {} },
  {
    live: true,
    async drawFrame(frame) {
      const image = await drawLater({ kind: "frame", frame });
      costs.frames++;
      costs.drawing += image.milliseconds;
      return image;
    },
  },
);
observeTraining({
  begin: (run: TrainingRun) => timed("observing", () => dashboard.begin(run)),
  step: (run: TrainingRun) => timed("observing", () => dashboard.step(run)),
  epoch: (run: TrainingRun) => timed("observing", () => dashboard.epoch(run)),
  end: (run: TrainingRun) => timed("final", () => dashboard.end(run)),
});

interface Row extends Costs {
  readonly name: string;
  readonly live: number;
  readonly silent: number;
}

const { train } = data.digits({ train: 4000, test: 10 });

/** Seconds of a training. */
async function training(make: () => nn.Module, epochs: number, silent: boolean): Promise<number> {
  seed(1);
  const model = make();
  const start = performance.now();
  await engine.fit(model, train.loader({ batchSize: 64, shuffle: true }), {
    ...{ epochs, silent, optimizer: optim.adam(model.parameters(), { lr: 1e-3 }) },
  });
  return (performance.now() - start) / 1000;
}

async function compare(name: string, make: () => nn.Module, epochs: number): Promise<Row> {
  const [live, silent]: [number[], number[]] = [[], []];
  const all: Costs[] = [];
  for (let round = 0; round < rounds; round++)
    for (const isSilent of round % 2 === 0 ? [true, false] : [false, true]) {
      costs = noCosts();
      (isSilent ? silent : live).push(await training(make, epochs, isSilent));
      if (!isSilent) all.push(costs);
    }
  const middle = (part: keyof Costs) => median(all.map((one) => one[part]));
  return {
    name,
    ...{ live: median(live), silent: median(silent) },
    ...{
      frames: middle("frames"),
      drawing: middle("drawing"),
      observing: middle("observing"),
      final: middle("final"),
    },
  };
}

const share = (part: number, whole: number) => `${((100 * part) / (1000 * whole)).toFixed(2)} %`;
const columns: readonly Column<Row>[] = [
  ["silent, s", ({ silent }) => silent.toFixed(2)],
  ["live, s", ({ live }) => live.toFixed(2)],
  ["frames", ({ frames }) => String(frames)],
  ["drawing thread", ({ drawing, silent }) => share(drawing, silent)],
  ["main thread", ({ observing, silent }) => share(observing, silent)],
  ["final chart, ms", ({ final }) => final.toFixed(0)],
];

const rows = [
  await compare("LeNet-5", () => models.leNet5(), 14),
  await compare("MLP 784-256-10", () => models.mlp([784, 256, 10]), 50),
];
console.log(markdown([["training", ({ name }) => name]], columns, rows));
process.exit();
