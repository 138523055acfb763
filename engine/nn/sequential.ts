// Layers one after the other.

import { ArgumentError } from "../errors.ts";
import type { Tensor } from "../tensor.ts";
import { chain } from "./chain.ts";
import { Module, requireModule } from "./module.ts";

/** See {@link sequential}. */
export class Sequential extends Module {
  readonly layers: readonly Module[];

  constructor(...layers: readonly Module[]) {
    super();
    layers.forEach((layer, index) => {
      requireModule("sequential", `layer ${index}`, layer);
    });
    this.layers = layers;
  }

  forward(x: Tensor): Tensor {
    return chain(x, this.layers);
  }

  /** Its layers are named by their position: `0`, `1`, … */
  override namedChildren(): [string, Module][] {
    return this.layers.map((layer, index) => [String(index), layer]);
  }

  /** How many layers. */
  override get length(): number {
    return this.layers.length;
  }

  /** The layer at a position; negative positions count from the end. */
  at(index: number): Module {
    const layer = this.layers.at(index);
    if (layer === undefined)
      throw new ArgumentError(`sequential: no layer ${index}; there are ${this.layers.length}`);
    return layer;
  }

  /** The layers, in order. */
  [Symbol.iterator](): IterableIterator<Module> {
    return this.layers[Symbol.iterator]();
  }
}

/**
 * Runs layers one after the other, each on the output of the one before.
 *
 * Its layers are reached by position: `model.at(0)`, and in paths as `0.weight`. Throws a TypeError for an item that is
 * not a layer (`nn.relu` without its brackets).
 *
 * @example
 * const model = nn.sequential(nn.flatten(), nn.linear(784, 128), nn.relu(), nn.linear(128, 10))
 */
export function sequential(...layers: readonly Module[]): Sequential {
  return new Sequential(...layers);
}
