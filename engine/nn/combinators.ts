// Modules made of modules that see the same input: sums (residual), joins (concat), lists (parallel).

import { ArgumentError, ShapeError } from "../errors.ts";
import { concat as concatOp } from "../ops/movement.ts";
import { describeShape, sameShape } from "../shapes.ts";
import type { Tensor } from "../tensor.ts";
import { type AnyModule, Module, requireModule } from "./module.ts";

/** See {@link residual}. */
export class Residual extends Module {
  readonly body: Module;
  /** Null: the input itself. */
  readonly shortcut: Module | null;

  constructor(body: Module, shortcut: Module | null = null) {
    super();
    requireModule("residual", "the body", body);
    if (shortcut !== null) requireModule("residual", "the shortcut", shortcut);
    this.body = body;
    this.shortcut = shortcut;
  }

  forward(x: Tensor): Tensor {
    const change = this.body(x);
    const kept = this.shortcut === null ? x : this.shortcut(x);
    if (!sameShape(change.shape, kept.shape)) throw this.mismatch(change, kept);
    return change.add(kept);
  }

  private mismatch(change: Tensor, kept: Tensor): ShapeError {
    const [, channels, height] = kept.shape;
    const [, newChannels, newHeight] = change.shape;
    const stride = Math.round((height ?? 1) / (newHeight ?? 1));
    const remedy =
      change.ndim === 4 && kept.ndim === 4 && this.shortcut === null
        ? `give a shortcut of that shape: nn.conv2d(${channels}, ${newChannels}, 1${stride > 1 ? `, { stride: ${stride} }` : ""})`
        : change.ndim === 2 && kept.ndim === 2 && this.shortcut === null
          ? `give a shortcut of that shape: nn.linear(${channels}, ${newChannels})`
          : "make both the same shape";
    return new ShapeError(
      `the body gives ${describeShape(change.shape)}, the shortcut ${describeShape(kept.shape)}, and they are added; ${remedy}`,
    );
  }
}

/** Modules with positions for names, as in `sequential`. */
abstract class Branches<Output> extends Module<[Tensor], Output> {
  readonly branches: readonly Module[];

  constructor(operation: string, branches: readonly Module[]) {
    super();
    if (branches.length === 0) throw new ArgumentError(`${operation}: give at least one module`);
    branches.forEach((branch, index) => {
      requireModule(operation, `branch ${index}`, branch);
    });
    this.branches = branches;
  }

  override namedChildren(): [string, AnyModule][] {
    return this.branches.map((branch, index) => [String(index), branch]);
  }
}

/** See {@link concat}. */
export class Concat extends Branches<Tensor> {
  constructor(...branches: readonly Module[]) {
    super("concat", branches);
  }

  forward(x: Tensor): Tensor {
    const outputs = this.branches.map((branch) => branch(x));
    const first = outputs[0]!;
    outputs.forEach((output, index) => {
      const fits =
        output.ndim === first.ndim && output.shape.every((size, d) => d === 1 || size === first.shape[d]);
      if (!fits || output.ndim < 2) {
        throw new ShapeError(
          `branch ${index} gives ${describeShape(output.shape)}, branch 0 ${describeShape(first.shape)}; all sizes except the channels (dim 1) must be equal: pad convolutions ("same") and give poolings stride 1`,
        );
      }
    });
    return concatOp(outputs, 1);
  }
}

/** See {@link parallel}. */
export class Parallel extends Branches<Tensor[]> {
  constructor(...branches: readonly Module[]) {
    super("parallel", branches);
  }

  forward(x: Tensor): Tensor[] {
    return this.branches.map((branch) => branch(x));
  }
}

/**
 * A residual block: `y = body(x) + shortcut(x)`; without a shortcut `y = body(x) + x`, which needs a body that keeps the shape. The
 * gradient reaches x undiminished along the shortcut. He et al. 2015.
 * Throws a ShapeError when the two shapes differ.
 *
 * @example
 * const body = nn.sequential(nn.conv2d(64, 64, 3, { padding: 1 }), nn.relu(), nn.conv2d(64, 64, 3, { padding: 1 }))
 * nn.sequential(nn.residual(body), nn.relu())
 */
export function residual(body: Module, shortcut: Module | null = null): Residual {
  return new Residual(body, shortcut);
}

/**
 * Runs branches on the same input and joins what they give along dimension 1 (channels or features), as in an Inception module
 * (Szegedy et al. 2014); with `nn.identity()` first, as in DenseNet (Huang et al. 2016).
 * Throws a ShapeError when the other sizes differ.
 *
 * @example
 * nn.concat(nn.conv2d(16, 8, 1), nn.conv2d(16, 8, 3, { padding: "same" }))   // [N, 16, H, W] → [N, 16, H, W]
 */
export function concat(...branches: readonly Module[]): Concat {
  return new Concat(...branches);
}

/**
 * Runs branches on the same input and returns a list of what they give: the heads of a network for several tasks.
 *
 * @example
 * const [digit, colour] = nn.parallel(nn.linear(64, 10), nn.linear(64, 3))(features)
 */
export function parallel(...branches: readonly Module[]): Parallel {
  return new Parallel(...branches);
}
