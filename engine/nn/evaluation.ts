// Running a model in evaluation mode, and leaving every module in it in the mode it was in. It knows modules only by their mode.

/** What is in training or in evaluation mode, and has parts that are. */
export interface Moded {
  namedModules(): readonly (readonly [path: string, module: { training: boolean }])[];
  eval(): unknown;
}

/** The mode of each module in a model. */
export type Modes = readonly (readonly [module: { training: boolean }, training: boolean])[];

/** The modes of a model as they are now. */
export function modesOf(model: Pick<Moded, "namedModules">): Modes {
  return model.namedModules().map(([, module]) => [module, module.training] as const);
}

/** Puts every module back into its mode. */
export function restoreModes(modes: Modes): void {
  for (const [module, training] of modes) module.training = training;
}

/** Runs `body`, which is not async, with the model in evaluation mode; afterwards its modes are what they were. */
export function inEvaluation<T>(model: Moded, body: () => T): T {
  const modes = modesOf(model);
  try {
    model.eval();
    return body();
  } finally {
    restoreModes(modes);
  }
}
