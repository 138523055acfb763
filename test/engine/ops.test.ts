/**
 * Every operation, found by walking the exports of engine/ops and engine/linalg: values on every backend against the reference, gradients
 * against central differences in float64, the errors for mistakes. A new op is tested by existing.
 */
import { describe, expect, test } from "vitest";
import { withBackend } from "../../engine/backend/current.ts";
import { referenceBackend } from "../../engine/backend/reference.ts";
import { checkGradient, gradients, linalg, type Tensor } from "../../engine/index.ts";
import { isOp, type Op } from "../../engine/op.ts";
import * as operations from "../../engine/ops/index.ts";
import { backends, numbers, sampleMaker, tensorsIn } from "./helpers.ts";

const exported = { ...operations, ...linalg };
const ops: Op<readonly unknown[]>[] = Object.values(exported).filter(isOp);

const isFloat = (x: Tensor) => x.dtype === "float32" || x.dtype === "float64";

/** The samples of an op in float64 on the reference backend, with their differentiable operands. */
function preciseSamples(op: Op<readonly unknown[]>) {
  return op.definition.samples(sampleMaker(referenceBackend, "float64")).map((args) => {
    const operands = tensorsIn(args).filter(isFloat);
    for (const operand of operands) operand.requiresGrad = true;
    return { args, operands: operands as Tensor[] };
  });
}

/** float32 rounding, relative to the size of the numbers: sums of a few hundred products of numbers near 1. */
function expectClose(actual: Tensor, expected: Tensor): void {
  expect(actual.shape).toEqual(expected.shape);
  expect(actual.dtype).toBe(expected.dtype);
  const [a, b] = [numbers(actual), numbers(expected)];
  const scale = Math.max(1, ...b.filter(Number.isFinite).map(Math.abs));
  a.forEach((value, i) => {
    if (Number.isFinite(b[i]!)) expect(Math.abs(value - b[i]!) / scale).toBeLessThan(1e-5);
    else expect(value).toBe(b[i]);
  });
}

test("the exports hold operations, each under its own name", () => {
  expect(ops.length).toBeGreaterThan(60);
  for (const [name, value] of Object.entries(exported))
    if (isOp(value)) expect([value.definition.name, value.name]).toEqual([name, name]);
});

describe.each(ops.map((op) => [op.name, op] as const))("%s", (name, op) => {
  const { definition } = op;

  test("has a formula and samples", () => {
    expect(definition.formula).not.toBe("");
    expect(definition.samples(sampleMaker(referenceBackend, "float32")).length).toBeGreaterThan(0);
  });

  if (definition.differentiable !== false) {
    test("has the gradient of its formula", () => {
      for (const { args, operands } of preciseSamples(op)) {
        const check = checkGradient(() => op(...args), operands);
        expect(check.ok, `${name}: ${check}`).toBe(true);
      }
    });

    test("has the second derivative of its formula", () => {
      for (const { args, operands } of preciseSamples(op)) {
        const slopes = (): Tensor => {
          const found = gradients(weighted(op(...args)), operands, { createGraph: true });
          const parts = found.filter((part) => part !== null).map((part) => weighted(part));
          return parts.reduce((sum, part) => sum.add(part));
        };
        if (!slopes().requiresGrad) continue;
        const check = checkGradient(slopes, operands, { tolerance: 1e-5 });
        expect(check.ok, `${name}: ${check}`).toBe(true);
      }
    });
  } else
    test("carries no gradient", () => {
      for (const { args } of preciseSamples(op)) expect(op(...args).requiresGrad).toBe(false);
    });

  test.each(backends.slice(1).map(({ name: where, backend }) => [where, backend] as const))(
    "computes on %s what the reference does",
    (_where, backend) => {
      const expected = definition.samples(sampleMaker(referenceBackend, "float32"));
      const actual = definition.samples(sampleMaker(backend, "float32"));
      actual.forEach((args, i) => {
        const [here, there] = [tensorsIn(args).filter(isFloat), tensorsIn(expected[i]!).filter(isFloat)];
        for (const operand of [...here, ...there]) operand.requiresGrad = true;
        const [y, z] = [op(...args), op(...expected[i]!)];
        expectClose(y, z);
        if (!y.requiresGrad) return;
        weighted(y).backward();
        weighted(z).backward();
        here.forEach((operand, k) => {
          expectClose(operand.grad!, there[k]!.grad!);
        });
      });
    },
  );

  test("says what is wrong with wrong arguments", () => {
    const mistakes = withBackend(referenceBackend, () =>
      definition.mistakes(sampleMaker(referenceBackend, "float32")),
    );
    expect(mistakes.length).toBeGreaterThan(0);
    for (const [args, message] of mistakes) expect(() => op(...args)).toThrow(message);
    for (const nothing of [undefined, null, "words"]) expect(() => op(nothing)).toThrow(`${name}: `);
  });
});

/** A number that depends on every element in a different way. */
function weighted(y: Tensor): Tensor {
  const weights = y.detach().mul(0);
  const values = weights.storage.values();
  for (let i = 0; i < values.length; i++) values[i] = Math.cos(i) + 0.2;
  return y.mul(weights).sum();
}
