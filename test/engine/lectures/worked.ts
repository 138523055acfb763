/** What the tests of the lectures share: the worked examples as data, of which every number must be read, and short words for images. */
import { expect, it } from "vitest";
import { type nn, type Tensor, type TensorData, tensor } from "../../../engine/index.ts";
import golden from "./golden.json" with { type: "json" };

type Golden = typeof golden;
/** The examples of one lecture. */
type Examples<Lecture extends string> = Pick<Golden, Extract<keyof Golden, `${Lecture}.${string}`>>;

/** The lecture's examples (computed outside the engine), and a test that every number of them was read by the tests before. */
export function workedExamples<Lecture extends string>(lecture: Lecture): Examples<Lecture> {
  const examples = Object.fromEntries(
    Object.entries(golden).filter(([item]) => item.startsWith(`${lecture}.`)),
  ) as Examples<Lecture>;
  const read = new Set<string>();
  return watched(examples, "", read);
}

const readBy = new WeakMap<object, () => string[]>();

/** A view of nested values that notes each number or text that is read, by its path. */
function watched<Value extends object>(value: Value, path: string, read: Set<string>): Value {
  const view = new Proxy(value, {
    get(target, key) {
      const found: unknown = Reflect.get(target, key);
      if (typeof key !== "string" || !Object.keys(target).includes(key)) return found;
      if (typeof found === "object" && found !== null) return watched(found, `${path}/${key}`, read);
      read.add(`${path}/${key}`);
      return found;
    },
  });
  readBy.set(view, () => leavesOf(value, path).filter((leaf) => !read.has(leaf)));
  return view;
}

function leavesOf(value: unknown, path: string): string[] {
  return typeof value === "object" && value !== null
    ? Object.entries(value).flatMap(([key, part]) => leavesOf(part, `${path}/${key}`))
    : [path];
}

/** The last test of a file with worked examples: fails for each number of them that no test read. */
export function itReadsEveryNumberOf(examples: object): void {
  it("reads every number of the worked examples", () => {
    expect(Object.keys(examples).length).toBeGreaterThan(0);
    expect(readBy.get(examples)!()).toEqual([]);
  });
}

/** Rows of numbers as a batch of one image of one channel, `[1, 1, H, W]`. */
export const image = (rows: TensorData): Tensor => tensor(rows).unsqueeze(0).unsqueeze(0);

/** The one channel of the one image, as rows. */
export const rows = (x: Tensor): unknown => x.squeeze([0, 1]).toArray();

/** Numbers close to those expected, however nested: within `tolerance` of 1 or of the number's own size. */
export function expectClose(
  actual: Tensor | number | readonly number[],
  expected: unknown,
  tolerance = 1e-5,
) {
  const found =
    typeof actual === "number" ? [actual] : "shape" in actual ? [...actual.toTypedArray()] : actual;
  const wanted = [expected].flat(9) as number[];
  expect(found).toHaveLength(wanted.length);
  wanted.forEach((value, i) => {
    const distance = Math.abs(found[i]! - value) / Math.max(1, Math.abs(value));
    expect(distance, `number ${i}: ${found[i]} for ${value}`).toBeLessThanOrEqual(tolerance);
  });
}

/** Gives a module's parameters these values, in their order. */
export function fill(module: nn.AnyModule, ...values: readonly TensorData[]): void {
  const paths = module.namedParameters().map(([path]) => path);
  expect(values).toHaveLength(paths.length);
  const given = Object.fromEntries(paths.map((path, i) => [path, tensor(values[i]!)]));
  module.loadStateDict({ ...module.stateDict(), ...given });
}
