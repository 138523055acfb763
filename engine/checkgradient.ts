/** Gradients against central differences: the test that a derivative is what its formula says. */
import { noGrad } from "./autograd.ts";
import { ArgumentError, GradientError } from "./errors.ts";
import { noteChange } from "./memory.ts";
import { checkOptions } from "./options.ts";
import { describeShape, type Shape, stridesOf } from "./shapes.ts";
import type { Tensor } from "./tensor.ts";

/** Options of `checkGradient`. */
export interface CheckGradientOptions {
  /** Half the distance between the two points of a difference; 1e-5 for float64, 1e-2 for float32. */
  step?: number;
  /** The error allowed, relative to the gradient's size (or 1); 1e-6 for float64, 2e-2 for float32. */
  tolerance?: number;
}

/** One input of a gradient check, element by element in row-major order. */
export interface CheckedInput {
  /** Its position among the inputs. */
  readonly input: number;
  /** The name given with `.named(…)`. */
  readonly name: string | null;
  /** Its shape. */
  readonly shape: Shape;
  /** `backward()`'s values. */
  readonly analytic: readonly number[];
  /** The central differences. */
  readonly numeric: readonly number[];
  /** How far they are apart, relative to the gradient's size (or 1). */
  readonly errors: readonly number[];
}

/** What a gradient check found. */
export interface GradientCheck {
  /** Whether every error is within the tolerance. */
  readonly ok: boolean;
  /** The largest error, relative to the gradient's size (or 1). */
  readonly worst: number;
  /** Where it is: which input, and the index in it. */
  readonly input: number;
  /** Where it is: the index in that input. */
  readonly index: readonly number[];
  /** `backward()`'s value there. */
  readonly analytic: number;
  /** The central difference there. */
  readonly numeric: number;
  /** The largest error allowed. */
  readonly tolerance: number;
  /** Every input with `requiresGrad`, element by element. */
  readonly inputs: readonly CheckedInput[];
  /** One sentence: whether it is correct, and where backward and difference disagree most. */
  toString(): string;
}

class Report implements GradientCheck {
  worst = 0;
  input = 0;
  index: number[] = [];
  analytic = 0;
  numeric = 0;
  readonly tolerance: number;
  readonly inputs: CheckedInput[] = [];

  constructor(tolerance: number) {
    this.tolerance = tolerance;
  }

  get ok(): boolean {
    return this.worst <= this.tolerance;
  }

  toString(): string {
    const where = `input ${this.input}${describeShape(this.index)}`;
    const values = `backward() gives ${this.analytic}, the central difference ${this.numeric}`;
    const size = `relative error ${this.worst.toExponential(1)}, allowed ${this.tolerance.toExponential(1)}`;
    return `gradient ${this.ok ? "correct" : "WRONG"}; worst at ${where}: ${values} (${size})`;
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}

/**
 * Compares the gradients of `f` at `inputs` with central differences `(f(x + h) − f(x − h)) / 2h`, element by element.
 * `f` gets the inputs and returns a tensor; other than a single number is weighted by fixed numbers and added up. Inputs
 * without `requiresGrad` are left alone. Exact to about 1e-9 in float64 (on the reference backend), 1e-2 in float32.
 *
 * @example
 * const x = tensor([1, 2], { requiresGrad: true });
 * checkGradient((x) => x.square().sum(), [x]).ok   // true
 */
export function checkGradient(
  f: (...inputs: Tensor[]) => Tensor,
  inputs: readonly Tensor[],
  options: CheckGradientOptions = {},
): GradientCheck {
  checkOptions("checkGradient", options, ["step", "tolerance"]);
  if (!inputs.some((input) => input.requiresGrad))
    throw new GradientError("checkGradient: no input has requiresGrad; make one with { requiresGrad: true }");
  const precise = inputs.every((input) => !input.requiresGrad || input.dtype === "float64");
  const { step = precise ? 1e-5 : 1e-2, tolerance = precise ? 1e-6 : 2e-2 } = options;
  const loss = weigh(f(...inputs));
  loss.backward();
  const analytic = inputs.map((input) =>
    input.requiresGrad ? (input.gradient?.toTypedArray() ?? null) : null,
  );
  const report = new Report(tolerance);
  // Recorded like the first time: f may differentiate on its own.
  inputs.forEach((input, number) => {
    if (!input.requiresGrad) return;
    const evaluate = (index: number, value: number): number => {
      input.storage.values()[index] = value;
      noteChange(input.holding);
      return weigh(f(...inputs)).item();
    };
    const checked = { analytic: [] as number[], numeric: [] as number[], errors: [] as number[] };
    report.inputs.push({ input: number, name: input.label, shape: input.shape, ...checked });
    for (let i = 0; i < input.size; i++) {
      const value = input.storage.values()[i]!;
      const up = evaluate(i, value + step);
      const down = evaluate(i, value - step);
      input.storage.values()[i] = value;
      const numeric = (up - down) / (2 * step);
      const given = analytic[number]?.[i] ?? 0;
      const apart = Math.abs(given - numeric) / Math.max(1, Math.abs(given), Math.abs(numeric));
      const error = Number.isNaN(apart) ? Number.POSITIVE_INFINITY : apart;
      checked.analytic.push(given);
      checked.numeric.push(numeric);
      checked.errors.push(error);
      if (error > report.worst) {
        report.worst = error;
        report.input = number;
        report.index = stridesOf(input.shape).map((stride, d) => Math.floor(i / stride) % input.shape[d]!);
        report.analytic = given;
        report.numeric = numeric;
      }
    }
  });
  return report;
}

/** A single number that depends on every element of `y` in a different way. */
function weigh(y: Tensor): Tensor {
  if (y.dtype !== "float32" && y.dtype !== "float64")
    throw new ArgumentError(`checkGradient: the function returns ${y.dtype}, which has no gradient`);
  if (y.ndim === 0) return y;
  const weights = noGrad(() => y.mul(0));
  const values = weights.storage.values();
  for (let i = 0; i < values.length; i++) values[i] = Math.sin(i + 1) + 0.1;
  return y.mul(weights).sum();
}
