// Layers one after the other. Where no gradient is wanted and nobody looks in between, a convolution takes the batch normalisation, the
// sum with a shortcut and the ReLU that follow it along: the same bits with fewer passes over memory.

import { detecting } from "../anomaly.ts";
import { isGradEnabled } from "../gradmode.ts";
import type { FixedNormalization } from "../ops/normalization.ts";
import type { Tensor } from "../tensor.ts";
import { ReLU } from "./activation.ts";
import { Conv2d } from "./convolution.ts";
import { type AnyModule, inNameOf, isWatched, type Module } from "./module.ts";
import { BatchNorm2d } from "./normalization.ts";

/** How a residual block ends: its layers' output plus the shortcut's, through an activation. */
export interface Residual {
  readonly shortcut: () => Tensor;
  readonly activation: Module;
}

/** Neighbours that are computed as one. */
interface Group {
  readonly conv: Conv2d;
  readonly normalize: FixedNormalization | null;
  readonly rectifies: boolean;
  readonly length: number;
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
    const isLast = i === layers.length && !group.rectifies;
    if (isLast && residual !== null && behavesAs(residual.activation, ReLU))
      return compute({ ...group, rectifies: true }, value, residual.shortcut());
    if (group.length > 1) value = compute(group, value, null);
    else value = group.conv(value);
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
  const conv = layers[start];
  if (!behavesAs(conv, Conv2d) || conv.paddingMode !== "zeros" || conv.flip) return null;
  const after = layers[start + 1];
  const normalize =
    behavesAs(after, BatchNorm2d) && after.channels === conv.outChannels ? after.fixed() : null;
  const rectifies = behavesAs(layers[start + (normalize === null ? 1 : 2)], ReLU);
  return { conv, normalize, rectifies, length: 1 + Number(normalize !== null) + Number(rectifies) };
}

function compute({ conv, normalize, rectifies }: Group, x: Tensor, addend: Tensor | null): Tensor {
  return inNameOf(conv, () => conv.finish(x, { normalize, addend, relu: rectifies }));
}
