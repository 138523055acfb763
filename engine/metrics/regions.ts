// How well boxes and masks cover what they should.

import { ArgumentError, ShapeError } from "../errors.ts";
import { describeShape } from "../shapes.ts";
import { confusionMatrix } from "./confusion.ts";
import { read, requirePairs, type Values } from "./values.ts";

function boxOf(operation: string, role: string, input: Values): ArrayLike<number> {
  const { values, shape } = read(operation, role, input);
  if (values.length !== 4) {
    throw new ShapeError(
      `${operation}: ${role} must be a box [x1, y1, x2, y2], got ${describeShape(shape)}; for many: one after another`,
    );
  }
  if (!(values[2]! >= values[0]! && values[3]! >= values[1]!)) {
    throw new ArgumentError(
      `${operation}: ${role} [${Array.from(values).join(", ")}] must go from its left upper corner (x1, y1) to its right lower one (x2, y2); from a width and a height: [x, y, x + w, y + h]`,
    );
  }
  return values;
}

/**
 * Intersection over union of two boxes `[x1, y1, x2, y2]`: 1 where they are one, 0 where they do not meet. Two boxes without
 * an area have 0. Throws a ShapeError unless both have four numbers, an ArgumentError for corners in the wrong order.
 *
 * @example
 * metrics.boxIou([0, 0, 2, 2], [1, 1, 3, 3])   // 0.142857: 1 / 7
 */
export function boxIou(a: Values, b: Values): number {
  const [p, q] = [boxOf("boxIou", "the first box", a), boxOf("boxIou", "the second box", b)];
  const width = Math.max(0, Math.min(p[2]!, q[2]!) - Math.max(p[0]!, q[0]!));
  const height = Math.max(0, Math.min(p[3]!, q[3]!) - Math.max(p[1]!, q[1]!));
  const area = (box: ArrayLike<number>): number => (box[2]! - box[0]!) * (box[3]! - box[1]!);
  const union = area(p) + area(q) - width * height;
  return union === 0 ? 0 : (width * height) / union;
}

/** How many pixels both masks, the first and the second have. */
function overlap(operation: string, prediction: Values, target: Values): readonly [number, number, number] {
  const p = read(operation, "prediction", prediction);
  const t = read(operation, "target", target);
  if (p.shape.join() !== t.shape.join()) {
    throw new ShapeError(
      `${operation}: prediction ${describeShape(p.shape)} and target ${describeShape(t.shape)} must have one shape`,
    );
  }
  requirePairs(operation, p.values.length, t.values.length);
  let [both, first, second] = [0, 0, 0];
  for (let i = 0; i < t.values.length; i++) {
    const [a, b] = [p.values[i]!, t.values[i]!];
    if ((a !== 0 && a !== 1) || (b !== 0 && b !== 1)) {
      throw new ArgumentError(
        `${operation}: a mask has 0 and 1, but pixel ${i} has ${a} and ${b}; compare first: x.greater(0.5)`,
      );
    }
    both += a * b;
    first += a;
    second += b;
  }
  return [both, first, second];
}

/**
 * Intersection over union of two masks of 0 and 1 (or bool) of one shape; 1 when both are empty. Throws a ShapeError
 * when the shapes differ, an ArgumentError for other pixels than 0 and 1.
 *
 * @example
 * metrics.maskIou(model(image).greater(0), mask)
 */
export function maskIou(prediction: Values, target: Values): number {
  const [both, first, second] = overlap("maskIou", prediction, target);
  return first + second === 0 ? 1 : both / (first + second - both);
}

/**
 * The Dice coefficient of two masks of 0 and 1, `2|A ∩ B| / (|A| + |B|)`: the F1 of their pixels; 1 when both are empty. The
 * loss is `nn.dice`. Throws a ShapeError when the shapes differ, an ArgumentError for other pixels than 0 and 1.
 *
 * @example
 * metrics.dice(model(image).greater(0), mask)
 */
export function dice(prediction: Values, target: Values): number {
  const [both, first, second] = overlap("dice", prediction, target);
  return first + second === 0 ? 1 : (2 * both) / (first + second);
}

/**
 * Mean intersection over union of a segmentation: of each class's pixels, averaged over the classes that occur in either.
 * Both are maps of class numbers of one shape, such as `scores.argmax(1)`. Throws a ShapeError when the shapes
 * differ, an ArgumentError for what are no classes.
 *
 * @example
 * metrics.meanIou(model(images).argmax(1), labels)
 */
export function meanIou(prediction: Values, target: Values): number {
  const p = read("meanIou", "prediction", prediction);
  const t = read("meanIou", "target", target);
  if (p.shape.join() !== t.shape.join()) {
    throw new ShapeError(
      `meanIou: prediction ${describeShape(p.shape)} and target ${describeShape(t.shape)} must have one shape; from scores [N, C, H, W]: scores.argmax(1)`,
    );
  }
  const { counts } = confusionMatrix(p.values, t.values);
  const each = counts.flatMap((row, k) => {
    const union =
      row.reduce((sum, n) => sum + n, 0) + counts.reduce((sum, other) => sum + other[k]!, 0) - row[k]!;
    return union === 0 ? [] : [row[k]! / union];
  });
  return each.reduce((sum, value) => sum + value, 0) / each.length;
}
