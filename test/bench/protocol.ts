/** What the benchmark and its contenders say to each other: a line of JSON for each. */
export type Mode = "training" | "inference";

export type Order =
  | { order: "prepare"; network: string; batch: number; mode: Mode }
  | { order: "run"; steps: number };

export interface Answer {
  /** The loss of the first step, or the first output. */
  result?: number;
  /** Of one step, the mean of a run. */
  milliseconds?: number;
  /** Resident memory of the process in bytes: at its highest in PyTorch, as it stands in nnlab. */
  rss?: number;
}
