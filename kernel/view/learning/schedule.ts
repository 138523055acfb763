/** What a schedule makes of the learning rate over a training. */
import { ArgumentError, describeValue, ShapeError } from "../../../engine/errors.ts";
import type { Schedule } from "../../../engine/optim/schedules.ts";
import { checkOptions } from "../../../engine/options.ts";
import { chart } from "../drawing/chart.ts";
import type { Displayable } from "../mime.ts";
import { countOf, formatNumber } from "../wording.ts";
import { type Line, lineChart } from "./lines.ts";

const operation = "show.schedule";

/** Options of `schedule`. */
export interface ScheduleOptions {
  /** How many steps training has, 1,000 where left out. */
  steps?: number;
  /** How many epochs these steps make, 10 where left out: stairs fall with the epochs. */
  epochs?: number;
  /** The optimizer's learning rate, 1 where left out: then the factor is drawn. */
  lr?: number;
  /** A title above the chart. */
  title?: string;
}

/**
 * Draws the learning rate that a schedule gives at each step of a training, or those of several by name. A schedule that looks
 * back on the training (`optim.plateau`) is drawn as if nothing had happened yet. Lecture step 003.36.
 *
 * @example
 * show.schedule(optim.oneCycle(), { steps: 500, lr: 0.1 });
 * show.schedule({ cosine: optim.cosineAnnealing(), stairs: optim.stepDecay({ every: 3 }) }, { epochs: 9 });
 */
export function schedule(
  source: Schedule | Readonly<Record<string, Schedule>>,
  options: ScheduleOptions = {},
): Displayable {
  checkOptions(operation, options, ["steps", "epochs", "lr", "title"]);
  const { steps = 1000, epochs = 10, lr, title = "Learning rate" } = options;
  for (const [name, value] of Object.entries({ steps, epochs }))
    if (!(Number.isInteger(value) && value >= 1))
      throw new ArgumentError(
        `${operation}: ${name} must be a whole number from 1 on, got ${describeValue(value)}`,
      );
  if (lr !== undefined && !(lr > 0))
    throw new ArgumentError(`${operation}: lr must be a number above 0, got ${describeValue(lr)}`);
  const factor = lr === undefined;
  const named: Readonly<Record<string, Schedule>> =
    typeof source === "function" ? { [factor ? "factor" : "learning rate"]: source } : source;
  const history = { epochs: [] };
  const lines = Object.entries(named).map(([name, one]): Line => {
    if (typeof one !== "function")
      throw new ArgumentError(
        `${operation}: expected a schedule such as optim.cosineAnnealing(), got ${describeValue(one)}`,
      );
    const points = Array.from({ length: steps }, (_, step) => {
      const progress = step / steps;
      const epoch = Math.floor(progress * epochs) + 1;
      return { x: step, y: (lr ?? 1) * one(progress, { epoch, epochs, history }) };
    });
    return { name, points };
  });
  if (lines.length === 0)
    throw new ShapeError(
      `${operation}: no schedule to draw; give one such as optim.cosineAnnealing(), or several by name`,
    );
  const ends = lines.map(({ name, points }) => {
    const last = formatNumber(points.at(-1)!.y);
    return lines.length > 1 ? `${name} ${last}` : last;
  });
  const text = `${countOf(steps, "step")} in ${countOf(epochs, "epoch")}; at the last step ${factor ? "a factor of " : ""}${ends.join(", ")}.`;
  const spec = lineChart({
    operation,
    title,
    subtitle: text,
    x: { title: "step" },
    y: { title: factor ? "share of the learning rate" : "learning rate" },
    lines,
    height: 200,
  });
  return chart(spec, text);
}
