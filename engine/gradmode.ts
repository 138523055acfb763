/** Whether operations record how they were computed. */

/** The modes entered and not yet left, innermost last: async functions may leave in any order. */
const entered: { readonly mode: boolean }[] = [];
let enabled = true;
let everything = false;

/** Whether operations are being recorded for `backward()`. */
export function isGradEnabled(): boolean {
  return enabled || everything;
}

/** Whether what no gradient passes is recorded too. */
export function isRecordingEverything(): boolean {
  return everything;
}

/**
 * Records all that `body` computes from what wants a gradient, comparisons and what stands under noGrad too: to write a
 * computation down as a whole.
 */
export function recordEverything<T>(body: () => T): T {
  everything = true;
  try {
    return body();
  } finally {
    everything = false;
  }
}

function leave(entry: { readonly mode: boolean }): void {
  entered.splice(entered.lastIndexOf(entry), 1);
  enabled = entered.at(-1)?.mode ?? true;
}

function inMode<T>(mode: boolean, body: () => T): T {
  const entry = { mode };
  entered.push(entry);
  enabled = mode;
  let result: T;
  try {
    result = body();
  } catch (error) {
    leave(entry);
    throw error;
  }
  if (result instanceof Promise) return result.finally(() => leave(entry)) as T;
  leave(entry);
  return result;
}

/**
 * Runs `body` without recording: faster, and nothing is saved for gradients. For an async `body` the mode lasts until
 * its promise settles, so do not train something else meanwhile. Returns what `body` returns.
 *
 * @example
 * const accuracy = noGrad(() => metrics.accuracy(model(images), labels));
 */
export function noGrad<T>(body: () => T): T {
  return inMode(false, body);
}

/** Runs `body` with recording, inside a `noGrad`. */
export function enableGrad<T>(body: () => T): T {
  return inMode(true, body);
}

/** Forgets every mode that was entered: for code that was terminated in the middle and will never leave it. */
export function resetGradMode(): void {
  entered.length = 0;
  enabled = true;
  everything = false;
}
