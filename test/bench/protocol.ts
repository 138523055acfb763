/** What the benchmark and its contenders say to each other: a line of JSON for each. */
export type Mode = "training" | "inference";

/** A piece of work, the same for every contender. */
export type Task =
  | { readonly kind: "network"; readonly network: string; readonly mode: Mode; readonly batch: number }
  /** Training of an MLP of 784 inputs, `depth` hidden layers of `width` units and 10 outputs. */
  | { readonly kind: "mlp"; readonly width: number; readonly depth: number; readonly batch: number }
  /** Drawing batches of such images as the network takes. */
  | {
      readonly kind: "loading";
      readonly network: string;
      readonly augmented: boolean;
      readonly batch: number;
    }
  /** Which sizes an operation has is told in `sections/operations.ts`. */
  | { readonly kind: "operation"; readonly operation: string; readonly sizes: readonly number[] };

export type Order =
  | { readonly order: "describe" }
  | { readonly order: "prepare"; readonly task: Task }
  | { readonly order: "run"; readonly steps: number }
  /** For those that can tell where their time goes. */
  | { readonly order: "profile"; readonly steps: number };

export interface Answer {
  /** What it is and runs on. */
  description?: string;
  /** Of the first step: the loss, the first output, or the checksum of an operation's result. Missing: it cannot do this. */
  result?: number;
  /** Of one step, the mean of a run. */
  milliseconds?: number;
  /** The same in time of all the process's threads on a processor. */
  processorMilliseconds?: number;
  /** Milliseconds of one step by what they were spent on, and `all` of them. */
  parts?: Record<string, number>;
}
