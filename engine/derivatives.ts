/** Derivatives of functions rather than of recorded results: gradient, Jacobian and Hessian matrix. */
import { gradients, pullBack } from "./autograd.ts";
import { tensor, zeros, zerosLike } from "./creation.ts";
import { ArgumentError, DTypeError, describeValue, GradientError } from "./errors.ts";
import { enableGrad, isGradEnabled, noGrad } from "./gradmode.ts";
import { withScope } from "./memory.ts";
import { clone } from "./ops/elementwise.ts";
import { stack } from "./ops/movement.ts";
import { describeShape } from "./shapes.ts";
import { type Operand, Tensor } from "./tensor.ts";

/** An input to differentiate by: whoever differentiates the result sees through it, nobody else's graph is touched. */
function variable(operation: string, value: unknown, recorded: boolean): Tensor {
  const given = typeof value === "number" ? tensor(value) : value;
  if (!(given instanceof Tensor))
    throw new ArgumentError(
      `${operation}: the function is differentiated by tensors, got ${describeValue(value)}${Array.isArray(value) ? "; make it one with tensor(…)" : ""}`,
    );
  if (given.dtype !== "float32" && given.dtype !== "float64")
    throw new DTypeError(
      `${operation}: only float numbers have derivatives, got ${given.dtype}; convert it with .to("float32")`,
    );
  if (recorded && given.requiresGrad) return clone(given);
  const own = given.detach();
  own.requiresGrad = true;
  return own;
}

function checkFunction(operation: string, f: unknown): void {
  if (typeof f === "function") return;
  const hint = f instanceof Tensor ? "; for a computed tensor use gradients(y, [x])" : "";
  throw new ArgumentError(
    `${operation}: expected a function, such as (x: Tensor) => x.square(); got ${f instanceof Tensor ? `a tensor ${describeShape(f.shape)}` : describeValue(f)}${hint}`,
  );
}

function checkValue(operation: string, value: unknown): Tensor {
  if (value instanceof Tensor) return value;
  const remedy =
    value === undefined
      ? "; was a return forgotten?"
      : value instanceof Promise
        ? "; the function must compute at once: remove async and await"
        : typeof value === "number"
          ? "; compute with tensors (x.mul(x)), not with their .item()"
          : "";
  throw new ArgumentError(
    `${operation}: the function must return a tensor, got ${describeValue(value)}${remedy}`,
  );
}

/**
 * The gradient of a function that gives a single number: `grad(f)` is the function `∇f`. It takes tensors or numbers and
 * returns the gradient, of the input's shape; for a function of several inputs (write their types) an array of them. What f
 * does not depend on has the gradient 0. Touches no `.grad`; `grad(grad(f))` is the second derivative. Throws a
 * GradientError where f gives more than one number. Lecture steps 002.3 to 002.6.
 *
 * @example
 * const f = (x: Tensor, y: Tensor, z: Tensor) => x.add(y).mul(z);
 * const [dx, dy, dz] = grad(f)(-2, 5, -4);   // -4, -4, 3
 */
export function grad(f: (x: Tensor) => Tensor): (x: Operand) => Tensor;
export function grad(
  f: (x: Tensor, y: Tensor) => Tensor,
): (x: Operand, y: Operand) => [dx: Tensor, dy: Tensor];
export function grad(
  f: (x: Tensor, y: Tensor, z: Tensor) => Tensor,
): (x: Operand, y: Operand, z: Operand) => [dx: Tensor, dy: Tensor, dz: Tensor];
export function grad(f: (...inputs: Tensor[]) => Tensor): (...inputs: Operand[]) => Tensor[];
export function grad(f: (...inputs: Tensor[]) => Tensor): (...inputs: Operand[]) => Tensor | Tensor[] {
  checkFunction("grad", f);
  return (...inputs) => {
    if (inputs.length === 0)
      throw new ArgumentError("grad: the gradient is taken somewhere: call it with the inputs, grad(f)(x)");
    const recorded = isGradEnabled() && inputs.some((input) => input instanceof Tensor && input.requiresGrad);
    const variables = inputs.map((input) => variable("grad", input, recorded));
    const output = checkValue(
      "grad",
      enableGrad(() => f(...variables)),
    );
    if (output.size !== 1)
      throw new GradientError(
        `grad: the function must give a single number, it gave ${describeShape(output.shape)}; reduce it with .sum() or .mean(), or use jacobian(f, x)`,
      );
    const found = output.requiresGrad
      ? gradients(output, variables, { createGraph: recorded })
      : variables.map(() => null);
    const all = found.map((gradient, i) => gradient ?? zerosLike(variables[i]!));
    return all.length === 1 ? all[0]! : all;
  };
}

/**
 * The Jacobian matrix of `f` at `x`: every derivative of every element of `f(x)`, `∂f(x)[i] / ∂x[j]`, of shape
 * `[...shape of f(x), ...shape of x]`. One vector-Jacobian product per element of `f(x)`: for looking at it, where
 * backpropagation only ever multiplies by it. Lecture step 002.5.
 *
 * @example
 * jacobian((x) => x.relu(), tensor([-1, 2]));   // [[0, 0], [0, 1]]
 */
export function jacobian(f: (x: Tensor) => Tensor, x: Operand): Tensor {
  return derivatives("jacobian", f, x);
}

/**
 * The Hessian matrix of `f`, which gives a single number, at `x`: every second derivative `∂²f / ∂x[i] ∂x[j]`, of shape
 * `[...shape of x, ...shape of x]`. The Jacobian matrix of the gradient.
 *
 * @example
 * hessian((x) => x.pow(3).sum(), tensor([1, 2]));   // [[6, 0], [0, 12]]
 */
export function hessian(f: (x: Tensor) => Tensor, x: Operand): Tensor {
  checkFunction("hessian", f);
  return derivatives(
    "hessian",
    (point) => {
      const value = checkValue("hessian", f(point));
      if (value.size !== 1)
        throw new GradientError(
          `hessian: the function must give a single number, it gave ${describeShape(value.shape)}; reduce it with .sum() or .mean()`,
        );
      const slope = value.requiresGrad ? gradients(value, [point], { createGraph: true })[0] : null;
      return slope ?? zerosLike(point);
    },
    x,
  );
}

function derivatives(operation: string, f: (x: Tensor) => Tensor, x: Operand): Tensor {
  checkFunction(operation, f);
  const recorded = isGradEnabled() && x instanceof Tensor && x.requiresGrad;
  const point = variable(operation, x, recorded);
  const y = checkValue(
    operation,
    enableGrad(() => f(point)),
  );
  const shape = [...y.shape, ...point.shape];
  const rows: Tensor[] = [];
  if (y.requiresGrad)
    pullBack(y, point, units(y), recorded, (row) => {
      rows.push(row ?? zerosLike(point));
    });
  if (rows.length === 0) return zeros(shape, { dtype: point.dtype });
  if (recorded) return stack(rows).reshape(shape);
  const all = noGrad(() => withScope(() => stack(rows).reshape(shape)));
  for (const row of rows) row.dispose();
  return all;
}

/** For every element of `y` the tensor that is 1 there and 0 elsewhere. */
function* units(y: Tensor): Generator<Tensor, void, undefined> {
  for (let i = 0; i < y.size; i++) {
    const unit = noGrad(() => zerosLike(y));
    unit.storage.values()[i] = 1;
    yield unit;
    unit.dispose();
  }
}
