// Activations that a model's options name.

import { ArgumentError, describeValue } from "../errors.ts";
import { relu, sigmoid, tanh } from "../nn/activation.ts";
import type { Module } from "../nn/module.ts";

const makers = { relu, sigmoid, tanh };

export type ActivationName = keyof typeof makers;

/** A new activation layer; an ArgumentError lists the names there are. */
export function activationByName(operation: string, name: ActivationName): Module {
  if (Object.hasOwn(makers, name)) return makers[name]();
  throw new ArgumentError(
    `${operation}: activation must be one of ${Object.keys(makers).join(", ")}, got ${describeValue(name)}`,
  );
}
