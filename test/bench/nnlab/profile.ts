/** Where a step's time goes: the kernels by what they do, as the main thread waits for them; the rest is JavaScript. */
import type { Backend } from "../../../engine/backend/backend.ts";

type Kernel = {
  [Name in keyof Backend]: Backend[Name] extends (...given: never[]) => void ? Name : never;
}[keyof Backend];

const partOf = {
  matmul: "products",
  conv2d: "convolutions",
  conv2dInputGradient: "convolutions",
  conv2dWeightGradient: "convolutions",
  moments: "normalisation",
  normalize: "normalisation",
  normalizeSums: "normalisation",
  normalizeGradient: "normalisation",
  maxPool2d: "pooling",
  maxPool2dGradient: "pooling",
  avgPool2d: "pooling",
  avgPool2dGradient: "pooling",
  fill: "elementwise",
  copy: "elementwise",
  strided: "elementwise",
  stridedAdd: "elementwise",
  unary: "elementwise",
  binary: "elementwise",
  where: "elementwise",
  gatherRows: "elementwise",
  scatterAddRows: "elementwise",
  warp: "elementwise",
  reduce: "sums and losses",
  softmax: "sums and losses",
  logSoftmax: "sums and losses",
  crossEntropy: "sums and losses",
  crossEntropyGradient: "sums and losses",
  sgdStep: "optimiser",
  adamStep: "optimiser",
} satisfies Partial<Record<Kernel, string>>;

/** In the order of the table. */
export const parts: readonly string[] = [...new Set(Object.values(partOf)), "JavaScript"];

/** Runs the steps; the milliseconds that each part took of one, and that all took. */
export function profile(backend: Backend, steps: number, step: () => void): Record<string, number> {
  const spent: Record<string, number> = Object.fromEntries(parts.map((part) => [part, 0]));
  let inside = false;
  const kernels = backend as unknown as Record<string, (...given: unknown[]) => unknown>;
  for (const [name, part] of Object.entries(partOf)) {
    const kernel = kernels[name]!;
    kernels[name] = (...given) => {
      // One kernel may be made of others.
      if (inside) return kernel.apply(backend, given);
      inside = true;
      const start = performance.now();
      try {
        return kernel.apply(backend, given);
      } finally {
        spent[part]! += performance.now() - start;
        inside = false;
      }
    };
  }
  const start = performance.now();
  for (let i = 0; i < steps; i++) step();
  const all = performance.now() - start;
  // The methods of the class are there again once the instance has none.
  for (const name of Object.keys(partOf)) Reflect.deleteProperty(backend, name);
  spent.JavaScript = all - Object.values(spent).reduce((sum, one) => sum + one, 0);
  spent.all = all;
  return Object.fromEntries(Object.entries(spent).map(([part, ms]) => [part, ms / steps]));
}
