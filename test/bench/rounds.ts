/** Times contenders beside each other: in each round every one runs a little, so that a busy machine slows all alike. */
import type { Answer, Order, Task } from "./protocol.ts";

/** Who can be told what to run. */
export interface Contender {
  readonly label: string;
  tell(order: Order): Promise<Answer>;
}

export interface Timing {
  readonly rounds: number;
  /** What one turn of a contender should take. */
  readonly turnMilliseconds: number;
  /** For machines that are busy with other things: processor time in the fastest round counts, not the median of time. */
  readonly busy: boolean;
}

/** First results may differ by rounding only. */
const agreement = 2e-3;
/** A contender whose turns, all together, take so many times as long as they should takes no more of them. */
const patience = 3;

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

async function runSteps(contender: Contender, steps: number, busy: boolean): Promise<number> {
  const answer = await contender.tell({ order: "run", steps });
  return busy ? answer.processorMilliseconds! : answer.milliseconds!;
}

/** How many steps fill a turn, found by doubling; the steps warm the contender up. Also what the last of them took each. */
async function stepsOfTurn(
  contender: Contender,
  { turnMilliseconds: turn, busy }: Timing,
): Promise<{ steps: number; milliseconds: number }> {
  for (let steps = 1; ; steps *= 2) {
    const milliseconds = await runSteps(contender, steps, busy);
    if (milliseconds * steps >= turn / 4)
      return { steps: Math.max(1, Math.round(turn / milliseconds)), milliseconds };
  }
}

function checkAgreement(name: string, task: Task, results: ReadonlyMap<Contender, number>): void {
  const [[first, expected]] = results as unknown as [[Contender, number]];
  const scale = task.kind === "network" ? Math.max(1, Math.abs(expected)) : Math.abs(expected);
  for (const [contender, result] of results)
    if (!(Math.abs(result - expected) <= agreement * scale))
      throw new Error(
        `${name}: ${contender.label} computes ${result}, ${first.label} ${expected}: not the same work`,
      );
}

/** The milliseconds of one step by contender; a contender that cannot do the task is missing. */
export async function measure(
  contenders: readonly Contender[],
  name: string,
  task: Task,
  timing: Timing,
): Promise<Record<string, number>> {
  const results = new Map<Contender, number>();
  for (const contender of contenders) {
    const { result } = await contender.tell({ order: "prepare", task });
    if (result !== undefined) results.set(contender, result);
  }
  checkAgreement(name, task, results);
  const able = [...results.keys()];
  const budget = patience * timing.rounds * timing.turnMilliseconds;
  const steps: number[] = [];
  const times: number[][] = [];
  const spent: number[] = [];
  for (const contender of able) {
    const found = await stepsOfTurn(contender, timing);
    steps.push(found.steps);
    // One step of the slowest takes longer than all turns of the others: then it is all that is measured.
    const isAll = found.milliseconds > budget;
    times.push(isAll ? [found.milliseconds] : []);
    spent.push(isAll ? found.milliseconds : 0);
  }
  for (let round = 0; round < timing.rounds; round++)
    for (let turn = 0; turn < able.length; turn++) {
      const i = (round + turn) % able.length;
      if (spent[i]! > budget) continue;
      const milliseconds = await runSteps(able[i]!, steps[i]!, timing.busy);
      times[i]!.push(milliseconds);
      spent[i]! += milliseconds * steps[i]!;
    }
  return Object.fromEntries(
    able.map(({ label }, i) => [label, timing.busy ? Math.min(...times[i]!) : median(times[i]!)]),
  );
}
