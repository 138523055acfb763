// Learning rates that change during training: functions of how far it has come. They know no optimiser.

/**
 * The factor by which the optimizer's learning rate is multiplied, given `progress`: the share of all steps that lie behind,
 * 0 at the first step, just below 1 at the last. Any function of this form will do: `(progress) => (progress < 0.5 ? 1 : 0.1)`.
 */
export type Schedule = (progress: number) => number;

/** Falls in a straight line: `1 − progress`. Lecture step 003.36 (a learning rate set over time). */
export function linearDecay(): Schedule {
  return (progress) => 1 - progress;
}

/**
 * Falls along half a cosine, slowly at both ends: `(1 + cos(π · progress)) / 2`. Loshchilov & Hutter 2017, without restarts.
 *
 *     await fit(model, loader, { epochs: 5, optimizer, schedule: optim.cosineAnnealing() })
 */
export function cosineAnnealing(): Schedule {
  return (progress) => (1 + Math.cos(Math.PI * progress)) / 2;
}
