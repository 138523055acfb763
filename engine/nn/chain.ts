// Layers one after the other. Where no gradient is wanted and nobody looks in between, a convolution takes the batch normalisation, the
// sum with a shortcut and the ReLU that follow it along, a linear layer its ReLU: the same bits with fewer passes over memory.

import { detecting } from "../anomaly.ts";
import { isGradEnabled } from "../gradmode.ts";
import type { Tensor } from "../tensor.ts";
import { ReLU } from "./activation.ts";
import { Conv2d } from "./convolution.ts";
import { Linear } from "./linear.ts";
import { type AnyModule, inNameOf, isWatched, type Module } from "./module.ts";
import { BatchNorm2d } from "./normalization.ts";

/** How a residual block ends: its layers' output plus the shortcut's, through an activation. */
export interface Residual {
  readonly shortcut: () => Tensor;
  readonly activation: Module;
}

/** Neighbours that are computed as one. */
interface Group {
  /** How many layers. */
  readonly length: number;
  compute(x: Tensor): Tensor;
  /** The same with a shortcut's output added, then ReLU; null where it cannot take them along. */
  readonly endResidual: ((x: Tensor, shortcut: Tensor) => Tensor) | null;
}

/** The output of the layers, each given what the one before it returned; at the end, if it is told, of a residual block. */
export function chain(x: Tensor, layers: readonly Module[], residual: Residual | null = null): Tensor {
  const mayFuse = !isGradEnabled() && !detecting;
  let value = x;
  for (let i = 0; i < layers.length; ) {
    const group = mayFuse ? groupAt(layers, i) : null;
    if (group === null) {
      value = layers[i]!(value);
      i++;
      continue;
    }
    i += group.length;
    const { endResidual } = group;
    if (
      i === layers.length &&
      residual !== null &&
      endResidual !== null &&
      behavesAs(residual.activation, ReLU)
    )
      return endResidual(value, residual.shortcut());
    value = group.compute(value);
  }
  return residual === null ? value : residual.activation(value.add(residual.shortcut()));
}

/** Whether it is such a layer as it was made: nobody watches it or has changed what it does. */
function behavesAs<Layer extends AnyModule>(
  layer: AnyModule | undefined,
  kind: abstract new (...given: never[]) => Layer,
): layer is Layer {
  return layer instanceof kind && layer.forward === kind.prototype.forward && !isWatched(layer);
}

function groupAt(layers: readonly Module[], start: number): Group | null {
  const first = layers[start];
  if (behavesAs(first, Linear)) {
    const rectifies = behavesAs(layers[start + 1], ReLU);
    return {
      length: 1 + Number(rectifies),
      compute: (x) => inNameOf(first, () => first.finish(x, rectifies)),
      endResidual: null,
    };
  }
  if (!behavesAs(first, Conv2d) || first.paddingMode !== "zeros" || first.flip) return null;
  const second = layers[start + 1];
  const normalize =
    behavesAs(second, BatchNorm2d) && second.channels === first.outChannels ? second.fixed() : null;
  const relu = behavesAs(layers[start + (normalize === null ? 1 : 2)], ReLU);
  const compute = (x: Tensor, addend: Tensor | null, rectifies: boolean) =>
    inNameOf(first, () => first.finish(x, { normalize, addend, relu: rectifies }));
  return {
    length: 1 + Number(normalize !== null) + Number(relu),
    compute: (x) => compute(x, null, relu),
    endResidual: relu ? null : (x, shortcut) => compute(x, shortcut, true),
  };
}
