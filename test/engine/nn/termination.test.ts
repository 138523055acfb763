import { expect, it } from "vitest";
import { ones } from "../../../engine/creation.ts";
import { isGradEnabled, noGrad } from "../../../engine/gradmode.ts";
import { withScope } from "../../../engine/memory.ts";
import * as nn from "../../../engine/nn/index.ts";
import type { Tensor } from "../../../engine/tensor.ts";
import { recoverFromTermination } from "../../../engine/termination.ts";

it("code that was terminated inside noGrad, a scope, a trace and a module's call leaves nothing entered", () => {
  const made: Tensor[] = [];
  let calls = 0;
  class Interrupted extends nn.Module {
    fc = nn.linear(2, 2);
    forward(x: Tensor): Tensor {
      calls++;
      recoverFromTermination();
      made.push(x.mul(2));
      return this.fc(x);
    }
  }
  const net = new Interrupted();
  noGrad(() =>
    withScope(() => {
      expect(net.trace(ones([1, 2]))).toEqual([]);
    }),
  );
  expect(calls).toBe(1);
  expect(made[0]!.toArray()).toEqual([[2, 2]]);
  noGrad(() => recoverFromTermination());
  expect(isGradEnabled()).toBe(true);
  net(ones([1, 2]))
    .sum()
    .backward();
  expect(net.fc.weight.grad).not.toBeNull();
});
