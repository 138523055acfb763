/** Moments of a training that its curves mark: the best epoch, an early end, a failure. */
import type { ChartSpec } from "../drawing/chart.ts";
import { fontSize, ink, role } from "../theme.ts";
import { type HistoryLike, lowestValidation, stepPoints } from "./history.ts";

/** A moment of a training that is marked on the axis of epochs. */
export interface TrainingEvent {
  x: number;
  text: string;
  kind: "best" | "end" | "failure";
}

/** The best epoch, where it is not simply the last, an early end, and a failure. */
export function eventsOf(history: HistoryLike): TrainingEvent[] {
  const { epochs, steps, best, failure } = history;
  const events: TrainingEvent[] = [];
  const last = epochs.length;
  const bestEpoch = best?.epoch ?? lowestValidation(epochs);
  if (bestEpoch !== null && bestEpoch < last) {
    events.push({ x: bestEpoch, text: `best: epoch ${bestEpoch}`, kind: "best" });
    if (best?.endedEarly) events.push({ x: last, text: "stopped early", kind: "end" });
  }
  if (failure && steps.length > 0)
    events.push({ x: stepPoints(history, () => 0).at(-1)!.x, text: "✕ failed", kind: "failure" });
  return events;
}

/** A line for each moment, and its name above the plot, where no curve runs. */
export function eventLayers(
  events: readonly TrainingEvent[],
  named: boolean,
  axis: { epochs: number; width: number },
): ChartSpec[] {
  const colours = { best: role.right, end: ink.muted, failure: role.wrong };
  return events.map(({ x, text, kind }, i): ChartSpec => {
    const next = events[i + 1];
    // A name too near the next one stands on the other side of its line.
    const left =
      x > axis.epochs / 2 || (next !== undefined && ((next.x - x) * axis.width) / axis.epochs < 150);
    const line: ChartSpec = {
      mark: { type: "rule", strokeDash: kind === "failure" ? [1, 0] : [3, 3], strokeWidth: 1.2 },
      encoding: { y: { value: 0 }, y2: { value: "height" } },
    };
    const name: ChartSpec = {
      mark: {
        type: "text",
        text,
        align: left ? "right" : "left",
        baseline: "bottom",
        dy: -3,
        fontSize: fontSize.small,
      },
      encoding: { y: { value: 0 } },
    };
    return {
      data: { values: [{ x }] },
      encoding: { color: { value: colours[kind] } },
      layer: named ? [line, name] : [line],
    };
  });
}
