/** A part of the benchmark: what it measures, and its table. */
import type { Recipe } from "../contenders.ts";
import type { Limits } from "../limits.ts";
import type { Task } from "../protocol.ts";
import type { Measured } from "../report.ts";
import type { Timing } from "../rounds.ts";

export interface Case {
  readonly name: string;
  readonly task: Task;
}

/** What a section measures with. */
export interface Bench {
  readonly quick: boolean;
  /** The section's contenders, for those that start their own processes. */
  readonly recipes: readonly Recipe[];
  /** The cases that are wanted. */
  wanted<C extends { readonly name: string }>(cases: readonly C[]): C[];
  /** The milliseconds of a step of each case that is wanted, by contender. */
  time<C extends Case>(cases: readonly C[], timing: Omit<Timing, "busy">): Promise<(C & Measured)[]>;
  /** Says what is being measured. */
  progress(name: string): void;
}

export interface Section<Row extends Measured = Measured> {
  readonly title: string;
  /** Who takes part; everyone unless told. */
  readonly labels?: readonly string[];
  measure(bench: Bench): Promise<Row[]>;
  /** As Markdown. */
  table(rows: readonly Row[], limits: Limits | null): string;
}
