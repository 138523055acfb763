/** Maps and images in another number of pixels. */

/** A map `[height, width]` in another size, linear between the middles of its values (PyTorch's `align_corners=False`). */
export function enlarged(
  values: ArrayLike<number>,
  from: { height: number; width: number },
  to: { height: number; width: number },
): Float32Array {
  const rows = neighbours(from.height, to.height);
  const columns = neighbours(from.width, to.width);
  const result = new Float32Array(to.height * to.width);
  for (const [y, [above, below, down]] of rows.entries()) {
    for (const [x, [left, right, across]] of columns.entries()) {
      const at = (row: number, column: number) => values[row * from.width + column]!;
      const upper = mixed(at(above, left), at(above, right), across);
      result[y * to.width + x] = mixed(upper, mixed(at(below, left), at(below, right), across), down);
    }
  }
  return result;
}

/** Exact at both ends, so that a neighbour without weight cannot spread its NaN. */
const mixed = (a: number, b: number, share: number): number =>
  share === 0 ? a : share === 1 ? b : a * (1 - share) + b * share;

/** For each place of the result: the places before and after it, and how far it is towards the second. */
function neighbours(from: number, to: number): (readonly [before: number, after: number, share: number])[] {
  return Array.from({ length: to }, (_, i) => {
    const place = Math.min(Math.max(((i + 0.5) * from) / to - 0.5, 0), from - 1);
    const before = Math.floor(place);
    return [before, Math.min(before + 1, from - 1), place - before] as const;
  });
}

/** Every `step`-th pixel in both directions of an image `[channels, height, width]`. */
export function thinned(
  values: ArrayLike<number>,
  size: { channels: number; height: number; width: number },
  step: number,
): { values: ArrayLike<number>; height: number; width: number } {
  if (step === 1) return { values, height: size.height, width: size.width };
  const [height, width] = [Math.floor(size.height / step) || 1, Math.floor(size.width / step) || 1];
  const kept = new Float32Array(size.channels * height * width);
  for (let i = 0; i < kept.length; i++) {
    const column = Math.min((i % width) * step, size.width - 1);
    const row = Math.min((Math.floor(i / width) % height) * step, size.height - 1);
    const channel = Math.floor(i / (width * height));
    kept[i] = values[(channel * size.height + row) * size.width + column]!;
  }
  return { values: kept, height, width };
}
